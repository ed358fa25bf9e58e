import type { Sensitive } from '@cuedot/client/protocol'
import { RotatorError, isRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { SecretStore, SecretVersion, StoreReading } from '../../ports/secret-store.ts'
import type { AwsOptions } from '../common/aws-client.ts'
import { ask, describe, unreadable, version } from './asking.ts'
import type { Asking, Label, Labelled, Seen } from './asking.ts'
import { connector } from './connect.ts'
import type { Connection } from './connect.ts'

/** One secret in AWS Secrets Manager. */
export interface SecretsManagerOptions extends AwsOptions {
  /** Name or ARN; an ARN for a secret of another account. */
  readonly secret: string
  /**
   * For how long a read may show the state before a write, in milliseconds. 0 to 300,000.
   * Default 5,000: the API is documented as eventually consistent, without a bound.
   */
  readonly staleReadMs?: number
}

/**
 * True for a secret that somebody has made for himself: those of AWS services have a `!` in their
 * name, which nobody else can give.
 *
 * @see AWS Secrets Manager user guide, "Secrets managed by other AWS services" (the prefix), and
 *   API reference, CreateSecret, Name (the characters that a name may have)
 */
function isOrdinary({ arn }: Seen): boolean {
  return arn !== undefined && !arn.includes('!')
}

/** The largest value that AWS takes, in bytes of UTF-8. */
const MAX_BYTES = 65_536

/**
 * A secret in AWS Secrets Manager. The SDK is loaded on first use, credentials come from its chain.
 *
 * Reads always name the staging label, so that policies conditioned on it apply. A version that
 * RotateSecret has labelled AWSPENDING and that has no value yet is nothing pending. A secret
 * without any value is ERR_STORE_UNREADABLE. `createdAt` of a version just staged is the time of
 * this machine: AWS does not tell it in that answer.
 *
 * @throws as {@link SecretStore}, and ERR_CONFIG when there is no region. A secret that is marked
 *   for deletion is ERR_STORE_NOT_FOUND to a read and ERR_STORE_DENIED to a write.
 * @see AWS Secrets Manager API reference: GetSecretValue, PutSecretValue, UpdateSecretVersionStage;
 *   DescribeSecret, VersionIdsToStages: during a rotation AWSPENDING exists before its value does,
 *   and GetSecretValue tells whether there is one
 */
export function secretsManagerStore(
  options: SecretsManagerOptions,
  connection: () => Promise<Connection> = connector(options),
): SecretStore {
  const { secret } = options
  const seen: Seen = {}
  const asking = ({ signal }: Call): Asking => ({ secret, connection, signal, seen })
  return {
    secret,
    supports: { staleReadMs: options.staleReadMs ?? 5000 },
    read: async (call) => await read(asking(call)),
    version: async (label, call) => await versionOrNone(asking(call), label),
    owner: async (call) => (isOrdinary(seen) ? undefined : (await describe(asking(call))).owner),
    stage: async (value, token, call) => await stage(asking(call), value, token),
    promote: async (versionId, expectedCurrentId, call) => {
      const move = { from: expectedCurrentId, to: versionId }
      // AWS is not asked to move a label to where it is: how it answers is not documented.
      if (move.from === move.to) await judge(asking(call), move)
      else await promote(asking(call), move)
    },
  }
}

async function read(asking: Asking): Promise<StoreReading> {
  const current = await versionOrNone(asking, 'AWSCURRENT')
  if (!current) throw unreadable(asking.secret, 'AWSCURRENT', 'it has no value yet')
  if (current.labels.includes('AWSPENDING')) return { current }
  const pending = await pendingOrNone(asking)
  if (!pending || pending.id === current.id) return { current }
  // Its work is done: it was promoted, and then an operator has written the secret.
  if (pending.labels.includes('AWSPREVIOUS')) return { current }
  // Promoted between the two requests: then this is what is current now.
  return pending.labels.includes('AWSCURRENT') ? { current: pending } : { current, pending }
}

/** The secret itself has just been read, so a missing version is only that. */
async function pendingOrNone(asking: Asking): Promise<Labelled | undefined> {
  try {
    return await version(asking, 'AWSPENDING')
  } catch (error) {
    if (isRotatorError(error) && error.code === 'ERR_STORE_NOT_FOUND') return undefined
    throw error
  }
}

/** AWS answers alike for a missing secret and a missing version; DescribeSecret tells which. */
async function versionOrNone(asking: Asking, label: Label): Promise<Labelled | undefined> {
  try {
    return await version(asking, label)
  } catch (error) {
    if (!isRotatorError(error) || error.code !== 'ERR_STORE_NOT_FOUND') throw error
    const { deleted } = await describe(asking)
    if (deleted) throw error
    return undefined
  }
}

async function stage(asking: Asking, value: Sensitive, token: string): Promise<SecretVersion> {
  const { secret } = asking
  if (Buffer.byteLength(value.reveal()) > MAX_BYTES)
    throw new RotatorError('ERR_STORE_LIMIT', { secret, problem: `over ${MAX_BYTES} bytes` })
  const answer = await ask(asking, 'PutSecretValue', async ({ sdk, client }, options) => {
    const command = new sdk.PutSecretValueCommand({
      SecretId: secret,
      SecretString: value.reveal(),
      ClientRequestToken: token,
      VersionStages: ['AWSPENDING'],
    })
    return await client.send(command, options)
  })
  return { id: answer.VersionId ?? token, value, createdAt: new Date() }
}

interface Move {
  readonly from: string
  readonly to: string
}

async function promote(asking: Asking, move: Move): Promise<void> {
  try {
    await ask(asking, 'UpdateSecretVersionStage', async ({ sdk, client }, options) => {
      const command = new sdk.UpdateSecretVersionStageCommand({
        SecretId: asking.secret,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: move.to,
        RemoveFromVersionId: move.from,
      })
      return await client.send(command, options)
    })
  } catch (error) {
    if (!isRotatorError(error)) throw error
    if (error.code !== 'ERR_STORE_CONFLICT' && error.code !== 'ERR_STORE_NOT_FOUND') throw error
    await judge(asking, move)
  }
}

/** After a move that was refused, or is none: succeeds if the version is current all the same. */
async function judge(asking: Asking, move: Move): Promise<void> {
  const { labels } = await describe(asking)
  if (labels[move.to]?.includes('AWSCURRENT')) return
  const operation = 'UpdateSecretVersionStage'
  throw new RotatorError('ERR_STORE_CONFLICT', { secret: asking.secret, operation })
}
