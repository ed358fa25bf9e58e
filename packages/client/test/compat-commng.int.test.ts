// Goal: CommNG's rows hold with what its code imports, on a real PostgreSQL, with the real SDK and
// a secret in the fake of Secrets Manager. Method: the exports are used as `sql.ts` and
// `secrets-manager.ts` use theirs; the password changes as RDS changes that of its own user.
import { readFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { scramVerifier } from '../../rotator/src/adapters/postgres/scram.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { RigEngine, RootSession } from '../../testkit/src/rig/engine.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { AWS_ENVIRONMENT } from '../../testkit/src/rig/rig.ts'
import { randomPassword } from '../../testkit/src/servers/postgres.ts'
import { loadOn } from '../src/compat/fixture.ts'
import { createPostgres, createSecretsManager } from '../src/compat/commng/index.ts'
import type { DatabaseCredentials, Postgres, SecretsManager } from '../src/compat/commng/index.ts'
import type { SwapEvents } from '../src/drivers/swap-events.ts'
import type { Credential } from '../src/protocol/credential.ts'
import { poolFigures } from '../src/watch/figures.ts'
import { soon } from './pool-harness.ts'

let engine: RigEngine
let root: RootSession
let fake: FakeSecretsManager
let ca = ''
let secretId = ''
/** The user whose password changes. */
let user: Credential
let lines: string[]
let secretsManager: SecretsManager
let sql: Postgres<pg.Pool & SwapEvents>

const log = {
  debug: (message: string) => void lines.push(`debug ${message}`),
  info: (message: string) => void lines.push(`info ${message}`),
  warn: (_: unknown, message: string) => void lines.push(`warn ${message}`),
  error: (_: unknown, message: string) => void lines.push(`error ${message}`),
}

beforeAll(async () => {
  engine = await postgresRig()
  root = await engine.root()
  fake = await startSecretsManager()
  ca = await readFile(engine.caFile, 'utf8')
}, 60_000)

afterAll(async () => {
  await root[Symbol.asyncDispose]()
  await engine[Symbol.asyncDispose]()
  await fake[Symbol.asyncDispose]()
})

beforeEach(async () => {
  lines = []
  secretId = `rds!db-${randomUUID()}`
  user = await withNewPassword(engine.slots.A)
  fake.managed.create(secretId, documentOf(user), { service: 'rds', tag: 'a', resource: 'b' })
  for (const [name, value] of Object.entries(variablesOf())) vi.stubEnv(name, value)
})

afterEach(async () => {
  fake.heal()
  await sql.pool.end()
  secretsManager.close()
  vi.unstubAllEnvs()
})

function variablesOf(): Readonly<Record<string, string>> {
  return {
    ...AWS_ENVIRONMENT,
    AWS_ENDPOINT_URL: fake.endpoint,
    DB_SECRET_ID: secretId,
    DB_SECRET_REFRESH_INTERVAL_MS: '1000',
    POSTGRES_HOST: 'localhost',
    POSTGRES_PORT: String(engine.port),
    POSTGRES_DB: engine.dbname,
    POSTGRES_SSL: 'true',
    POSTGRES_POOL_SIZE: '5',
    POSTGRES_USER: user.username,
    POSTGRES_PASSWORD: user.password.reveal(),
  }
}

/** As RDS writes it: no host and no port. */
function documentOf({ username, password }: Credential): string {
  return JSON.stringify({ username, password: password.reveal() })
}

async function setPassword({ username, password }: Credential): Promise<void> {
  const [role, verifier] = [pg.escapeIdentifier(username), await scramVerifier(password)]
  await root.ask(`ALTER ROLE ${role} PASSWORD ${pg.escapeLiteral(verifier)}`)
}

async function withNewPassword(of: Credential): Promise<Credential> {
  const changed = { ...of, password: randomPassword(of.username) }
  await setPassword(changed)
  return changed
}

/** As RDS does: staged, set in the database, made current. */
async function rotate(): Promise<void> {
  user = { ...user, password: randomPassword(user.username) }
  const id = fake.managed.stage(secretId, documentOf(user))
  await setPassword(user)
  fake.managed.promote(secretId, id)
}

/** What `secrets-manager.ts` and `sql.ts` are. */
function start(): void {
  secretsManager = createSecretsManager({ log })
  sql = createPostgres({ secretsManager, Pool: pg.Pool, log, ca, probeMs: 0 })
}

async function said(line: string): Promise<void> {
  await soon(() => expect(lines).toContain(line))
}

async function refusedLogins(): Promise<number> {
  return (await engine.log()).match(/password authentication failed for user/gu)?.length ?? 0
}

const count = (line: string): number => lines.filter((each) => each === line).length
const MATCH = 'info Secrets Manager credentials match existing pool - no swap performed'
const DETECTED = 'info Database password rotation detected'
const REFRESHED = 'info Database connection successfully refreshed with new credentials'
const FELL_BACK = 'warn Failed to initialize Secrets Manager, falling back to environment variables'

describe('CommNG, from its start', () => {
  test('T83, C18: a secret that says what the environment says is one pool', async () => {
    start()
    await sql.connectPostgres()
    expect(poolFigures(sql.pool).swaps).toBe(0)
    expect(lines).toContain(MATCH)
  })

  test('T84, C15, F69: a secret that says another password is what it logs in with', async () => {
    vi.stubEnv('POSTGRES_PASSWORD', 'stale')
    const refused = await refusedLogins()
    start()
    await sql.connectPostgres()
    expect(await sql.pool.query('SELECT 1')).toMatchObject({ rowCount: 1 })
    expect(lines).not.toContain(MATCH)
    expect(await refusedLogins()).toBe(refused)
  })

  test('C16: it is told in these lines, in this order', async () => {
    start()
    await sql.connectPostgres()
    await sql.shutdownPostgres()
    expect(lines).toEqual([
      `info Secrets Manager initialized for secret: ${secretId} in region: eu-central-1`,
      'info Successfully fetched database credentials from Secrets Manager',
      'info Using credentials from AWS Secrets Manager',
      MATCH,
      'info Auto-refresh started - checking for secret rotation every 1 seconds',
      'info Database secret auto-refresh enabled',
      'info Postgres connection established',
      'info Auto-refresh stopped',
      'info Postgres shut down',
    ])
  })

  test('C5, F67: without DB_SECRET_ID the variables are all that there is', async () => {
    for (const name of ['DB_SECRET_ID', 'AWS_REGION']) vi.stubEnv(name, '')
    const asked = fake.log.length
    start()
    await sql.connectPostgres()
    expect(await secretsManager.getCredentials()).toBeNull()
    expect(await secretsManager.fetchSecret()).toBeNull()
    await secretsManager.startAutoRefresh()
    expect(fake.log.length).toBe(asked)
    expect(lines).toEqual([
      'info Secrets Manager not initialized - using environment variables directly',
      'info Postgres connection established',
      'info Auto-refresh not started - Secrets Manager not initialized',
    ])
  })

  test('CN3: a secret that cannot be read at the start is followed as soon as it can', async () => {
    // The first reading, and the one with which following begins.
    fake.fail({ kind: 'denied', action: 'GetSecretValue', calls: 2 })
    start()
    await sql.connectPostgres()
    expect(lines).toContain(FELL_BACK)
    expect(await sql.pool.query('SELECT 1')).toMatchObject({ rowCount: 1 })
    await rotate()
    await said(DETECTED)
    await said(REFRESHED)
    expect(poolFigures(sql.pool).versionId).not.toBe('environment')
  })

  test('CN5: a server whose certificate nobody vouches for is not talked to', async () => {
    secretsManager = createSecretsManager({ log })
    sql = createPostgres({ secretsManager, Pool: pg.Pool, log, probeMs: 0, loginWaitMs: 0 })
    await expect(sql.connectPostgres()).rejects.toThrow(/certificate/u)
  })
})

describe('CommNG, while its secret is rotated', () => {
  test('C1, C3, C8, CN4, F66, F68, F70: no query fails, whoever took the pool before', async () => {
    start()
    await sql.connectPostgres()
    const { pool } = sql
    const db = drizzle({ client: pool })
    const load = loadOn(pool)
    for (let turn = 1; turn <= 2; turn++) {
      const before = poolFigures(pool).versionId
      await rotate()
      await soon(() => expect(poolFigures(pool).versionId).not.toBe(before))
    }
    await soon(() => expect(count(DETECTED)).toBe(2))
    await said('info Old database pool closed gracefully after swap')
    await load.stop()
    expect(load.failures).toEqual([])
    expect(load.served).toBeGreaterThan(50)
    expect(count('info Refreshing database connection with rotated credentials')).toBe(2)
    expect(count(REFRESHED)).toBe(2)
    expect(sql.pool).toBe(pool)
    expect(await db.execute('SELECT 1')).toMatchObject({ rowCount: 1 })
    expect(lines.join('\n')).not.toContain(user.password.reveal())
  })

  test('T85: another version with the same login is no swap, another password is', async () => {
    start()
    await sql.connectPostgres()
    fake.managed.promote(secretId, fake.managed.stage(secretId, documentOf(user)))
    await said('debug Skipping pool refresh - credentials unchanged')
    expect(poolFigures(sql.pool).swaps).toBe(0)
    await rotate()
    await said(REFRESHED)
    expect(poolFigures(sql.pool).swaps).toBe(1)
  })

  test('CN1: a swap that fails is tried again until it works', async () => {
    start()
    await sql.connectPostgres()
    const ahead = { ...user, password: randomPassword(user.username) }
    fake.managed.promote(secretId, fake.managed.stage(secretId, documentOf(ahead)))
    await said('error Failed to refresh database connection')
    expect(await sql.pool.query('SELECT 1')).toMatchObject({ rowCount: 1 })
    await setPassword(ahead)
    await said(REFRESHED)
  })

  test('CN9: another user with the same password is another login', async () => {
    start()
    await sql.connectPostgres()
    const other = await withNewPassword(engine.slots.B)
    fake.managed.promote(secretId, fake.managed.stage(secretId, documentOf(other)))
    await said(REFRESHED)
    expect(poolFigures(sql.pool).username).toBe(other.username)
  })

  test('CN6, CN7, C13: shutting down ends what a swap has left, after drainMs', async () => {
    secretsManager = createSecretsManager({ log })
    sql = createPostgres({ secretsManager, Pool: pg.Pool, log, ca, probeMs: 0, drainMs: 100 })
    await sql.connectPostgres()
    const held = await sql.pool.connect()
    held.on('error', () => undefined)
    await rotate()
    await said(REFRESHED)
    await sql.shutdownPostgres()
    await expect(held.query('SELECT 1')).rejects.toThrow(/clos|terminat/iu)
    held.release()
    await soon(async () => {
      const name = pg.escapeLiteral(user.username)
      const left = `SELECT 1 FROM pg_stat_activity WHERE usename = ${name}`
      expect(await root.ask(left)).toEqual([])
    })
  }, 30_000)
})

describe('CommNG’s secretsManager by itself', () => {
  test('C15, CN2: a callback is told of a change, and told again where it rejects', async () => {
    start()
    const first = await secretsManager.getCredentials()
    expect(first).toEqual({ username: user.username, password: user.password.reveal() })
    expect(secretsManager.isEnabled()).toBe(true)
    const told: DatabaseCredentials[] = []
    // CN2: between the question and the beginning.
    await rotate()
    await secretsManager.credentials.refresh()
    await secretsManager.startAutoRefresh(1_000, async (credentials) => {
      told.push(credentials)
      if (told.length === 1) throw new Error('the database is not there yet')
    })
    const { username, password } = user
    const now = { username, password: password.reveal() }
    await soon(() => expect(told).toEqual([now, now]))
    expect(lines).toContain('error Failed to refresh secret')
    expect(await secretsManager.fetchSecret()).toEqual(now)
    secretsManager.stopAutoRefresh()
  })
})
