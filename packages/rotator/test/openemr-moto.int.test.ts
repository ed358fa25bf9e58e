// Goal: our fake is not the only judge of how the two secrets are read and written.
import { afterAll, describe, expect, test } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startMoto } from '../../testkit/src/servers/moto.ts'
import type { SlotsText } from '../../testkit/src/openemr/world.ts'
import { lastLine, openemrOnEcs, useMariadb } from './openemr-fixture.ts'
import type { EcsWorld } from './openemr-fixture.ts'
import { logsIn, atRest } from './openemr-hands.ts'
import type { AdminText } from './openemr-hands.ts'

const on = useMariadb()
// Where there is none it prints so.
const moto = await startMoto()
afterAll(() => moto?.[Symbol.asyncDispose]())

/** Where moto is, told as the SDK is told it for every service, and under the ARNs. */
interface OnMoto {
  readonly env: Readonly<Record<string, string>>
  read(name: string, label: string): Promise<string>
}

/** Copies a world's secrets to moto. The service is where it was: its own variable goes before. */
async function moveTo(endpoint: string, { world }: EcsWorld): Promise<OnMoto> {
  const secrets = secretsManagerAdmin(endpoint)
  const arnOf = async (name: string): Promise<string> => {
    await secrets.createSecret(name, world.store.peek(name, 'AWSCURRENT') ?? '')
    return String((await secrets.call('DescribeSecret', { SecretId: name }))['ARN'])
  }
  return {
    env: {
      ...{ AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_SECRETS_MANAGER: '' },
      // moto keeps secrets by region, and takes it from the signature.
      AWS_REGION: 'us-east-1',
      RDS_SLOT_SECRET_ID: await arnOf('slots'),
      RDS_ADMIN_SECRET_ID: await arnOf('admin'),
    },
    read: async (name, label) => {
      const asked = { SecretId: name, VersionStage: label }
      return String((await secrets.call('GetSecretValue', asked))['SecretString'])
    },
  }
}

describe.runIf(moto)(`cuedot openemr on the Secrets Manager of moto ${moto?.version ?? ''}`, () => {
  test('T80 T81 rotates both secrets behind AWS_ENDPOINT_URL, named by their ARNs', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const { env, read } = await moveTo(moto?.endpoint ?? '', it)
    const asked = it.world.store.log.length
    const [slots, admin] = [await read('slots', 'AWSCURRENT'), await read('admin', 'AWSCURRENT')]
    const ended = await it.run(['--log-json'], env)
    expect(lastLine(ended)).toMatchObject({ status: 'ok', active_slot: 'B', admin: 'rotated' })
    expect(it.world.store.log).toHaveLength(asked)
    const now: SlotsText = JSON.parse(await read('slots', 'AWSCURRENT'))
    const login: AdminText = JSON.parse(await read('admin', 'AWSCURRENT'))
    expect(now).toMatchObject({ active_slot: 'B', note: 'of the operator' })
    for (const each of [now.A, now.B, login]) expect(await logsIn(it, each)).toBe(true)
    expect(await read('admin', 'AWSPREVIOUS')).toBe(admin)
    expect(JSON.parse(slots)).toMatchObject({ active_slot: 'A' })
  })
})
