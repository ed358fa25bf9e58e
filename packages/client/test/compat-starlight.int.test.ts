// Goal: Starlight's rows hold with the classes of the same names, on a real MariaDB. Method: what
// stands at the labels of the secret and what the server accepts are made to differ, as they do
// between the steps of a rotation, and it is looked at which login comes out.
import { readFile } from 'node:fs/promises'
import { createPool } from 'mysql2/promise'
import type { Pool, RowDataPacket } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  nativeHash,
  quoteAccount,
  quoteText,
} from '../../rotator/src/adapters/mysql/protocol/sql.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { RigEngine, RootSession } from '../../testkit/src/rig/engine.ts'
import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { AWS_ENVIRONMENT } from '../../testkit/src/rig/rig.ts'
import { randomPassword } from '../../testkit/src/servers/postgres.ts'
import { createStarlight } from '../src/compat/starlight/index.ts'
import type { Starlight } from '../src/compat/starlight/index.ts'
import type { SwapEvents } from '../src/drivers/swap-events.ts'
import type { Credential } from '../src/protocol/credential.ts'
import { HandVault } from './hand-vault.ts'

const ARN = 'arn:aws:secretsmanager:us-east-2:123456789012:secret:stellar-db-credentials-prod'
const TRYING = 'AWSCURRENT failed during rotation, trying AWSPENDING: the server refused the login'
const BOTH = 'Both AWSCURRENT and AWSPENDING failed: the server refused the login'
const BAD = { status: 'unhealthy', reason: 'Database connection failed' }

let engine: RigEngine
let root: RootSession
let ca = ''
let vault: HandVault
/** What the server accepts. */
let user: Credential
let lines: string[]
let starlight: Starlight<Pool & SwapEvents>

beforeAll(async () => {
  engine = await mariadbRig()
  root = await engine.root()
  ca = await readFile(engine.caFile, 'utf8')
}, 60_000)

afterAll(async () => {
  await root[Symbol.asyncDispose]()
  await engine[Symbol.asyncDispose]()
})

beforeEach(async () => {
  lines = []
  vault = new HandVault()
  user = other()
  await accept(user)
  starlight = open()
})

afterEach(async () => {
  await starlight.DatabaseConnection.end()
  vi.unstubAllEnvs()
})

function open(
  more: Partial<Parameters<typeof createStarlight<Pool, object>>[0]> = {},
): Starlight<Pool & SwapEvents> {
  return createStarlight({
    ...{ createPool, ssl: { ca }, probeMs: 0, loginWaitMs: 0 },
    log: (line) => lines.push(line),
    variables: { DB_SECRET_ARN: ARN },
    source: () => vault.source,
    ...more,
  })
}

/** The same user with a password that the server does not know yet. */
function other(): Credential {
  const { username } = engine.slots.A
  return { ...engine.slots.A, host: 'localhost', password: randomPassword(username) }
}

async function accept({ username, password }: Credential): Promise<void> {
  const account = quoteAccount({ user: username, host: '%' })
  const hash = quoteText(nativeHash(password))
  await root.ask(`ALTER USER ${account} IDENTIFIED VIA mysql_native_password USING ${hash}`)
}

/** In the shape of L12. */
function shapeOf({ username, password, port, dbname }: Credential): object {
  const engineName = { engine: 'mysql' }
  return { username, password: password.reveal(), host: 'localhost', port, dbname, ...engineName }
}

async function found(): Promise<unknown> {
  const service = starlight.SecretsManagerService.create()
  return await service.getDatabaseCredentialsWithRotationFallback(ARN)
}

async function nameOn(pool: Pool): Promise<unknown> {
  const sql = "SELECT SUBSTRING_INDEX(USER(), '@', 1) AS name, CONNECTION_ID() AS id"
  const [[row]] = await pool.query<RowDataPacket[]>(sql)
  return row
}

describe('Starlight’s SecretsManagerService', () => {
  test('L3, L12, F74, F77: what is current and logs in is the answer', async () => {
    vault.put('AWSCURRENT', 'v1', user)
    expect(await found()).toEqual(shapeOf(user))
    expect(lines).toEqual([])
  })

  test('L3, F74, LX1: between setSecret and finishSecret it is what is pending', async () => {
    vault.put('AWSCURRENT', 'v1', other())
    vault.put('AWSPENDING', 'v2', user)
    expect(await found()).toEqual(shapeOf(user))
    expect(lines).toEqual([TRYING])
  })

  test('F74, LX4: where the database was set back it is what was current before', async () => {
    vault.put('AWSCURRENT', 'v2', other())
    vault.put('AWSPREVIOUS', 'v1', user)
    expect(await found()).toEqual(shapeOf(user))
    expect(lines).toEqual([TRYING, BOTH])
  })

  test('L3, F74: where nothing logs in it is said so, without a password', async () => {
    const [first, second] = [other(), other()]
    vault.put('AWSCURRENT', 'v2', first)
    vault.put('AWSPENDING', 'v3', second)
    const error: unknown = await found().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_SECRET_LOGIN' })
    const text = `${String(error)} ${lines.join(' ')}`
    expect(text).toContain('Unable to retrieve credentials from any version: Access denied')
    expect(lines).toEqual([TRYING, BOTH])
    for (const { password } of [first, second]) expect(text).not.toContain(password.reveal())
  })

  test('LX1: a secret that cannot be read is no reason to take what is pending', async () => {
    vault.put('AWSPENDING', 'v2', user)
    await expect(found()).rejects.toThrow('Unable to retrieve credentials from any version: ')
    expect(vault.asked).not.toContain('AWSPENDING')
  })

  test('LX2: a password that has changed since is found, past the cache', async () => {
    vault.put('AWSCURRENT', 'v1', user)
    const service = starlight.SecretsManagerService.create()
    expect(await service.getDatabaseCredentials(ARN)).toEqual(shapeOf(user))
    const next = other()
    vault.put('AWSCURRENT', 'v2', next)
    await accept(next)
    expect(await service.getDatabaseCredentials(ARN)).toEqual(shapeOf(user))
    expect(await service.getDatabaseCredentialsWithRetry(ARN)).toEqual(shapeOf(next))
    expect(await service.getDatabaseCredentials(ARN)).toEqual(shapeOf(next))
  })

  test('L3, L4, F82: in Lambda it is the secret of DB_SECRET_ARN', async () => {
    vault.put('AWSCURRENT', 'v1', user)
    const { SecretsManagerService: service } = starlight
    expect(await service.getDatabaseCredentialsWithFallback()).toEqual(shapeOf(user))
    expect(await service.getDatabaseCredentialsWithRetry()).toEqual(shapeOf(user))
  })

  test('L14, F76: without the extension the SDK is asked', async () => {
    await using fake = await startSecretsManager()
    for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value)
    vi.stubEnv('AWS_ENDPOINT_URL', fake.endpoint)
    // Nobody listens on this one.
    vi.stubEnv('PARAMETERS_SECRETS_EXTENSION_HTTP_PORT', '1')
    await secretsManagerAdmin(fake.endpoint).createSecret('stellar', JSON.stringify(shapeOf(user)))
    const real = createStarlight({ createPool, ssl: { ca }, probeMs: 0 })
    const service = real.SecretsManagerService.create('us-east-2')
    expect(await service.getDatabaseCredentialsWithRotationFallback('stellar')).toEqual(
      shapeOf(user),
    )
    await real.DatabaseConnection.end()
  })
})

describe('Starlight’s DatabaseConnection', () => {
  test('L7, F78: every request has the same pool, and its one connection', async () => {
    vault.put('AWSCURRENT', 'v1', user)
    const pool = await starlight.DatabaseConnection.getConnection()
    const first = await nameOn(pool)
    expect(await starlight.DatabaseConnection.getConnection()).toBe(pool)
    expect(await Promise.all([nameOn(pool), nameOn(pool)])).toEqual([first, first])
    expect(first).toMatchObject({ name: user.username })
  })

  test('F78, LX12: a connection that the server has ended is replaced', async () => {
    vault.put('AWSCURRENT', 'v1', user)
    const pool = await starlight.DatabaseConnection.getConnection()
    const before = await nameOn(pool)
    const killed = root.ask(`KILL ${(before as { id: number }).id}`)
    await new Promise(setImmediate)
    // As in Lambda, where a process that is frozen does not notice what becomes of its connections.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
    const after = await nameOn(await starlight.DatabaseConnection.getConnection())
    await killed
    expect(after).toMatchObject({ name: user.username })
    expect(after).not.toEqual(before)
  })

  test('F78, LX12: a login that is refused meanwhile is made again', async () => {
    vault.put('AWSCURRENT', 'v1', user)
    const pool = await starlight.DatabaseConnection.getConnection()
    const { id } = (await nameOn(pool)) as { id: number }
    const next = other()
    await accept(next)
    vault.put('AWSPENDING', 'v2', next)
    await root.ask(`KILL ${id}`)
    expect(await starlight.DatabaseConnection.getConnection()).toBe(pool)
    expect(await nameOn(pool)).toMatchObject({ name: user.username })
    expect(lines).toEqual([TRYING])
  })

  test('L7, F80: its health is that of SELECT 1, in these words', async () => {
    vault.put('AWSCURRENT', 'v1', user)
    expect(await starlight.DatabaseConnection.healthCheck()).toEqual({ status: 'healthy' })
    vault.put('AWSCURRENT', 'v1', other())
    expect(await starlight.DatabaseConnection.healthCheck('another')).toEqual(BAD)
    const nowhere = open({ variables: {} })
    expect(await nowhere.DatabaseConnection.healthCheck()).toEqual(BAD)
  })

  test('L7, F79: who cannot have the database answers in these words', async () => {
    vault.put('AWSCURRENT', 'v1', other())
    const { DatabaseConnection: connection } = starlight
    const work = async (): Promise<unknown> => await nameOn(await connection.getConnection())
    const answer = await connection.orUnavailable(work)
    expect(answer).toEqual({ error: 'Service temporarily unavailable' })
    expect(lines.at(-1)).toMatch(/^Database connection failed during rotation: Unable to/u)
    const mistake = async (): Promise<never> => await Promise.reject(new TypeError('a mistake'))
    await expect(connection.orUnavailable(mistake)).rejects.toThrow('a mistake')
  })
})
