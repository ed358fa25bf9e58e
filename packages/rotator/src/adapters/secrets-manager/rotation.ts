import { isRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { RotationSecret } from '../../ports/rotation-secret.ts'
import type { SecretVersion } from '../../ports/secret-store.ts'
import { ask, describe, version } from './asking.ts'
import type { Asking } from './asking.ts'
import { connector } from './connect.ts'
import { secretsManagerStore } from './store.ts'
import type { SecretsManagerOptions } from './store.ts'

/**
 * A secret in AWS Secrets Manager that is rotated by a function.
 *
 * @throws as {@link secretsManagerStore}
 * @see AWS Secrets Manager API reference: DescribeSecret (RotationEnabled, VersionIdsToStages),
 *   GetSecretValue (VersionId together with VersionStage), UpdateSecretVersionStage
 *   (RemoveFromVersionId alone takes the label away)
 */
export function rotationSecret(options: SecretsManagerOptions): RotationSecret {
  const { secret } = options
  const connection = connector(options)
  const asking = ({ signal }: Call): Asking => ({ secret, connection, signal, seen: {} })
  return {
    ...secretsManagerStore(options, connection),
    describe: async (call) => {
      const { arn, rotationEnabled, labels, owner } = await describe(asking(call))
      return { arn, rotationEnabled, labels, ...(owner && { owner }) }
    },
    staged: async (id, call) => await found(version(asking(call), 'AWSPENDING', id)),
    anyVersion: async (id, call) => await found(version(asking(call), undefined, id)),
    release: async (id, call) => await release(asking(call), id),
  }
}

/** A version without a value, and one without the label, are answered alike. */
async function found(asked: Promise<SecretVersion>): Promise<SecretVersion | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isRotatorError(error) && error.code === 'ERR_STORE_NOT_FOUND') return undefined
    throw error
  }
}

async function release(asking: Asking, id: string): Promise<void> {
  try {
    await ask(asking, 'UpdateSecretVersionStage', async ({ sdk, client }, options) => {
      const command = new sdk.UpdateSecretVersionStageCommand({
        SecretId: asking.secret,
        VersionStage: 'AWSPENDING',
        RemoveFromVersionId: id,
      })
      return await client.send(command, options)
    })
  } catch (error) {
    const { labels } = await describe(asking)
    if (labels[id]?.includes('AWSPENDING') === true) throw error
  }
}
