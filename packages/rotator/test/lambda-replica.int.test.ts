import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { startRds } from '../../testkit/src/fakes/rds.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { postgresPair } from '../../testkit/src/rig/postgres-pair.ts'
import type { PostgresPair } from '../../testkit/src/rig/postgres-pair.ts'
import { freePort } from '../../testkit/src/servers/ports.ts'
import { randomPassword } from '../../testkit/src/servers/postgres.ts'
import { scramVerifier } from '../src/adapters/postgres/scram.ts'
import type { RotationStep } from '../src/domain/four-steps.ts'
import { ROTATION_STEPS } from '../src/domain/four-steps.ts'
import { rotationHandler } from '../src/lambda/handler.ts'

type Flat = Readonly<Record<string, unknown>>

let pair: PostgresPair
let fake: FakeSecretsManager
let users = 0
beforeAll(async () => {
  fake = await startSecretsManager()
  pair = await postgresPair()
  const { username } = pair.admin
  await pair.primary.sql(`GRANT ALL ON SCHEMA public TO ${username} WITH GRANT OPTION`)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  vi.stubEnv('AWS_REGION', 'us-east-1')
})
afterEach(() => resume())
afterAll(async () => {
  vi.unstubAllEnvs()
  await pair[Symbol.asyncDispose]()
  await fake[Symbol.asyncDispose]()
})

/** The standby shows what has arrived, and what arrives. */
async function resume(): Promise<void> {
  await pair.standby.ask('SELECT pg_wal_replay_resume()')
}

async function createSecret(document: Flat): Promise<string> {
  const name = `secret-${randomUUID()}`
  await secretsManagerAdmin(fake.endpoint).createSecret(name, JSON.stringify(document))
  fake.schedule(name, { enabled: true })
  return name
}

/** The secret of a user of its own, with the standby as its replica. */
async function secretOf(more: Flat = {}): Promise<string> {
  const username = `svc${users++}`
  const password = randomPassword(username)
  await pair.primary.sql(
    `CREATE ROLE ${username} LOGIN PASSWORD '${await scramVerifier(password)}'
     ADMIN ${pair.admin.username}`,
  )
  const place = { engine: 'postgres', host: 'localhost', port: pair.port, dbname: 'app' }
  const replicas = [`127.0.0.1:${pair.standby.port}`]
  return await createSecret({
    ...{ ...place, replicas, username, password: password.reveal() },
    ...more,
  })
}

/** The admin's secret, which names the writer by its address. */
async function adminSecret(host: string): Promise<string> {
  const { username, password } = pair.admin
  const place = { engine: 'postgres', host, port: pair.port }
  return await createSecret({ ...place, username, password: password.reveal() })
}

function announce(secret: string): string {
  const token = randomUUID()
  fake.announce(secret, token)
  return token
}

/** Calls the function as Lambda does. @returns why the step was not done */
async function call(
  [secret, token]: readonly [secret: string, token: string],
  step: RotationStep,
  leftMs = 60_000,
): Promise<unknown> {
  const variables = { SECRETS_MANAGER_ENDPOINT: fake.endpoint, CUEDOT_TLS_CA: pair.caFile }
  const until = Date.now() + leftMs
  const event = { Step: step, SecretId: secret, ClientRequestToken: token }
  const context = { getRemainingTimeInMillis: () => until - Date.now() }
  return await rotationHandler({ variables, log: () => undefined })(event, context).then(
    () => undefined,
    (error: unknown) => error,
  )
}

function held(secret: string, label: string): Readonly<Record<string, string>> {
  const value: Record<string, string> = JSON.parse(fake.peek(secret, label) ?? '{}')
  return value
}

/** How often the standby has refused this user. */
async function refusals(username: string): Promise<number> {
  const log = await readFile(join(pair.standby.dir, 'postgres.log'), 'utf8')
  return log.split(`password authentication failed for user "${username}"`).length - 1
}

async function standbyAccepts({
  username = '',
  password = '',
}: Readonly<Record<string, string>>): Promise<boolean> {
  const at = { host: '127.0.0.1', port: pair.standby.port, database: 'app' }
  const ssl = { ca: await readFile(pair.caFile, 'utf8') }
  const client = new pg.Client({ ...at, ssl, user: username, password })
  client.on('error', () => undefined)
  return await client.connect().then(
    async () => {
      await client.end()
      return true
    },
    () => false,
  )
}

/** Both steps that come before the standby is asked, while it shows nothing that is new. */
async function setBehind(secret: string): Promise<readonly [secret: string, token: string]> {
  const rotation = [secret, announce(secret)] as const
  await pair.standby.hold()
  for (const step of ['createSecret', 'setSecret'] as const)
    expect(await call(rotation, step)).toBeUndefined()
  expect(await standbyAccepts(held(secret, 'AWSPENDING'))).toBe(false)
  return rotation
}

test.each([
  ['one user', async (): Promise<Flat> => ({})],
  ['two users', async (): Promise<Flat> => ({ masterarn: await adminSecret('localhost') })],
])('testSecret waits until a standby follows: %s', async (_name, more) => {
  const secret = await secretOf(await more())
  const rotation = await setBehind(secret)
  const { username = '' } = held(secret, 'AWSPENDING')
  const before = await refusals(username)
  const tested = call(rotation, 'testSecret')
  await vi.waitFor(async () => expect(await refusals(username)).toBeGreaterThan(before), 30_000)
  await resume()
  expect(await tested).toBeUndefined()
  expect(await call(rotation, 'finishSecret')).toBeUndefined()
  expect(await standbyAccepts(held(secret, 'AWSCURRENT'))).toBe(true)
})

test('I3 nothing becomes current while a standby does not follow in the time left', async () => {
  const secret = await secretOf()
  const before = held(secret, 'AWSCURRENT')
  const rotation = await setBehind(secret)
  const staged = held(secret, 'AWSPENDING')
  for (const step of ['testSecret', 'finishSecret'] as const)
    expect(await call(rotation, step, 21_000)).toMatchObject({ name: 'STAGED_DENIED' })
  expect(held(secret, 'AWSCURRENT')).toEqual(before)
  expect(held(secret, 'AWSPENDING')).toEqual(staged)
  await resume()
  expect(await call(rotation, 'finishSecret')).toBeUndefined()
  expect(held(secret, 'AWSCURRENT')).toEqual(staged)
})

test('I3 nothing becomes current while a replica cannot be asked', async () => {
  const secret = await secretOf({ replicas: [`127.0.0.1:${await freePort()}`] })
  const before = held(secret, 'AWSCURRENT')
  const rotation = [secret, announce(secret)] as const
  for (const step of ['createSecret', 'setSecret'] as const)
    expect(await call(rotation, step)).toBeUndefined()
  for (const step of ['testSecret', 'finishSecret'] as const)
    expect(await call(rotation, step, 3_000)).toMatchObject({ name: 'ERR_DB_UNREACHABLE' })
  expect(held(secret, 'AWSCURRENT')).toEqual(before)
})

test('the secret of a read replica is rotated on its source, and proven on both', async () => {
  const rds = await startRds({
    ...{ kind: 'instance', id: 'unused', secretArn: '', secret: '', username: '' },
    ...{ secrets: fake.managed, setPassword: async () => undefined },
  })
  onTestFinished(() => rds[Symbol.asyncDispose]())
  vi.stubEnv('AWS_ENDPOINT_URL_RDS', rds.endpoint)
  const { port } = pair.standby
  rds.add({ kind: 'instance', id: 'main', address: '127.0.0.1', port: pair.port })
  rds.add({ kind: 'instance', id: 'localhost', address: 'localhost', port, source: 'main' })
  const masterarn = await adminSecret('127.0.0.1')
  const secret = await secretOf({ port, replicas: undefined, masterarn })
  for (let rotation = 0; rotation < 2; rotation++) {
    const token = announce(secret)
    for (const step of ROTATION_STEPS) expect(await call([secret, token], step)).toBeUndefined()
    for (const label of ['AWSCURRENT', 'AWSPREVIOUS'])
      expect(await standbyAccepts(held(secret, label))).toBe(true)
  }
})
