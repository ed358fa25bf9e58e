import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { soon as call } from '../../testkit/src/conformance/database-fixture.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import type { SecretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { AWS_ENVIRONMENT } from '../../testkit/src/rig/rig.ts'
import { startMoto } from '../../testkit/src/servers/moto.ts'
import { createCredentials } from '../src/credentials/credentials.ts'
import type { Credentials, Trouble } from '../src/credentials/credentials.ts'
import { awsSecretsManager } from '../src/sources/aws.ts'

const soon = (): AbortSignal => call().signal
const documentOf = (password: string): string => JSON.stringify({ username: 'app', password })

let fake: FakeSecretsManager
let admin: SecretsManagerAdmin
let secretId = ''

beforeAll(async () => {
  fake = await startSecretsManager()
  admin = secretsManagerAdmin(fake.endpoint)
})

afterAll(async () => {
  await fake[Symbol.asyncDispose]()
})

beforeEach(async () => {
  for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value)
  // Where the admin of the tests makes secrets; moto keeps each region for itself.
  vi.stubEnv('AWS_REGION', 'us-east-1')
  secretId = `secret-${randomUUID()}`
  await admin.createSecret(secretId, documentOf('canary-1'))
})

afterEach(() => {
  fake.heal()
  vi.unstubAllEnvs()
})

function keep(more: { readonly secretId?: string } = {}): {
  readonly credentials: Credentials
  readonly trouble: Promise<Trouble>
} {
  const source = awsSecretsManager({ secretId, endpoint: fake.endpoint, ...more })
  const credentials = createCredentials(source, { pollMs: 0, cooldownMs: 0 })
  const { promise, resolve } = Promise.withResolvers<Trouble>()
  return { credentials: credentials.on('trouble', resolve), trouble: promise }
}

async function put(password: string, stage = 'AWSCURRENT'): Promise<void> {
  const request = { SecretId: secretId, SecretString: documentOf(password), VersionStages: [stage] }
  await admin.call('PutSecretValue', { ...request, ClientRequestToken: randomUUID() })
}

describe('a secret in Secrets Manager', () => {
  test('is read by one request, and its next version after a refresh', async () => {
    using credentials = keep().credentials
    const before = fake.calls.length
    const first = await credentials.get(soon())
    expect(first.credential.password.reveal()).toBe('canary-1')
    expect(fake.calls.slice(before).map(({ action }) => action)).toEqual(['GetSecretValue'])
    await put('canary-2')
    const second = await credentials.refresh()
    expect(second.credential.password.reveal()).toBe('canary-2')
    expect(second.versionId).not.toBe(first.versionId)
  })

  test('is read at the stage that is asked for', async () => {
    await put('canary-staged', 'AWSPENDING')
    const source = awsSecretsManager({ secretId, endpoint: fake.endpoint })
    const request = { fresh: true, signal: AbortSignal.timeout(10_000) }
    const values = await Promise.all(
      (['AWSCURRENT', 'AWSPENDING'] as const).map(async (stage) => {
        return (await source({ ...request, stage })).value
      }),
    )
    expect(values).toEqual([documentOf('canary-1'), documentOf('canary-staged')])
    await expect(source({ ...request, stage: 'AWSPREVIOUS' })).rejects.toThrow(/AWSPREVIOUS/)
  })

  test('that may not be read is trouble, and is read once it may be', async () => {
    fake.fail({ kind: 'denied', action: 'GetSecretValue' })
    const { credentials, trouble } = keep()
    using open = credentials
    const { error, failures } = await trouble
    expect({ code: error.code, failures }).toEqual({ code: 'ERR_SOURCE', failures: 1 })
    expect(error.cause).toMatchObject({ name: 'AccessDeniedException' })
    expect((await open.get(soon())).credential.username).toBe('app')
  })

  test('that is refused for a moment is asked for again by the SDK', async () => {
    fake.fail({ kind: 'throttle', calls: 2 })
    using credentials = keep().credentials
    expect((await credentials.get(soon())).credential.username).toBe('app')
  })

  test('that does not exist is trouble', async () => {
    const { credentials, trouble } = keep({ secretId: 'nobody-made-it' })
    using open = credentials
    expect((await trouble).error.cause).toMatchObject({ name: 'ResourceNotFoundException' })
    expect(open.current).toBeUndefined()
  })

  test('that is binary is trouble', async () => {
    const SecretBinary = Buffer.from('canary').toString('base64')
    const request = { SecretId: secretId, SecretBinary, VersionStages: ['AWSCURRENT'] }
    await admin.call('PutSecretValue', { ...request, ClientRequestToken: randomUUID() })
    const { credentials, trouble } = keep()
    using open = credentials
    expect((await trouble).error.cause).toMatchObject({
      message: expect.stringMatching(/not text$/),
    })
    expect(open.current).toBeUndefined()
  })
})

// Where there is none it prints so.
const moto = await startMoto()
test.skipIf(moto === undefined)('a secret in moto is read, too', async () => {
  const endpoint = moto?.endpoint ?? ''
  await secretsManagerAdmin(endpoint).createSecret(secretId, documentOf('canary-moto'))
  using credentials = createCredentials(awsSecretsManager({ secretId, endpoint }), { pollMs: 0 })
  expect((await credentials.get(soon())).credential.password.reveal()).toBe('canary-moto')
})

afterAll(async () => {
  await moto?.[Symbol.asyncDispose]()
})

test('without the SDK it is said which package is missing', async () => {
  const hooks = `data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from 'node:module'
    registerHooks({
      resolve(specifier, context, next) {
        if (!specifier.startsWith('@aws-sdk/')) return next(specifier, context)
        throw Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' })
      },
    })`)}`
  const program = `
    import { createCredentials } from '@cuedot/client'
    import { awsSecretsManager } from '@cuedot/client/aws'
    const credentials = createCredentials(awsSecretsManager({ secretId: 'a' }))
    credentials.on('trouble', ({ error }) => console.log(error.cause.message))`
  const flags = ['--conditions=cuedot-source', '--import', hooks, '--input-type=module']
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const ran = await promisify(execFile)(process.execPath, [...flags, '-e', program], { cwd })
  const wanted = 'awsSecretsManager needs a package: npm install @aws-sdk/client-secrets-manager'
  expect(ran.stdout.trim()).toBe(wanted)
})
