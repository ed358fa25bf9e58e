// Goal: consumers that log in through PgBouncer notice no rotation, with the configuration of
// examples/pgbouncer; and what goes wrong without its settings. Method: the real command line on a
// rig whose consumers connect to PgBouncer, TLS verified on both sides.
import pg from 'pg'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { pgbouncerRig } from '../../testkit/src/rig/pgbouncer.ts'
import type { PgbouncerRig } from '../../testkit/src/rig/pgbouncer.ts'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig } from '../../testkit/src/rig/rig.ts'
import { poolerHere } from '../../testkit/src/servers/poolers-get.ts'
import type { PgbouncerSetup } from '../../testkit/src/servers/pgbouncer.ts'
import type { TestPostgres } from '../../testkit/src/servers/postgres.ts'
import { postgresDatabase } from '../src/adapters/postgres/database.ts'
import type { Database } from '../src/ports/database.ts'

const call = () => ({ signal: AbortSignal.timeout(20_000) })

describe.skipIf(poolerHere('pgbouncer') === undefined)('PgBouncer', () => {
  let open = new AsyncDisposableStack()
  afterEach(async () => {
    const done = open
    open = new AsyncDisposableStack()
    await done.disposeAsync()
  })

  type Changes = (server: TestPostgres) => Promise<Pick<PgbouncerSetup, 'settings' | 'users'>>
  const start = async (changes: Changes): Promise<PgbouncerRig> =>
    await pgbouncerRig(async (server) => {
      const { settings, users } = await changes(server)
      const quiet = { log_connections: '0', log_disconnections: '0' }
      return { settings: { ...quiet, ...settings }, ...(users !== undefined && { users }) }
    })
  const alone = async (changes: Changes = async () => ({})): Promise<PgbouncerRig> =>
    open.use(await start(changes))
  const withConsumers = async (engine: PgbouncerRig): Promise<Rig> => {
    const rig = open.use(await startRig(engine))
    open.defer(() => rig.consumers.stop())
    await rig.consumers.start()
    return rig
  }
  const databaseOf = (engine: PgbouncerRig, door: 'endpoints' | 'poolers'): Database => {
    const through = [{ host: 'localhost', port: engine.bouncer.port }]
    const direct = [{ host: 'localhost', port: engine.port }]
    return postgresDatabase({
      endpoints: door === 'endpoints' ? through : direct,
      poolers: door === 'poolers' ? through : [],
      dbname: 'app',
      tls: { mode: 'verify', caFile: engine.caFile },
      connectTimeoutMs: 3_000,
    })
  }
  /** Every verifier as it is now, as `pg_shadow` is copied by hand or by a job. */
  const userList = async (server: TestPostgres): Promise<string> => {
    const client = await server.connect(server.superuser)
    const { rows } = await client.query<{ name: string; verifier: string }>(
      `SELECT rolname AS name, rolpassword AS verifier FROM pg_authid
       WHERE rolname IN ('app_a', 'app_b')`,
    )
    await client.end()
    return rows.map(({ name, verifier }) => `"${name}" "${verifier}"\n`).join('')
  }
  const stale: Changes = async (server) => {
    const settings = { auth_query: '', auth_user: '', auth_dbname: '' }
    return { settings, users: await userList(server) }
  }

  test.each([
    ['transaction', {}],
    ['session', { pool_mode: 'session', server_idle_timeout: '2' }],
  ])('a rotation there and back is not noticed in %s mode', async (mode, settings) => {
    const rig = await withConsumers(await start(async () => ({ settings })))
    for (const turn of [1, 2]) {
      const { code, stderr } = await rig.cuedot(['rotate', '--json']).ended
      expect(code, `turn ${turn}: ${stderr}`).toBe(0)
    }
    expect(rig.consumers.failures).toEqual([])
    expect(rig.consumers.attempts).toBeGreaterThan(50)
    const verify = await rig.cuedot(['verify']).ended
    expect(verify.stdout).toContain(`login on ${rig.engine.pooler ?? ''}`)
    expect(verify.code, verify.stdout).toBe(0)
    console.log(`${mode} mode: ${rig.consumers.attempts} logins and statements, 0 failed`)
  })

  test('idle connections are named with their application, and RECONNECT ends them', async () => {
    const settings = { server_idle_timeout: '600' }
    const engine = await start(async () => ({ settings }))
    const rig = await withConsumers(engine)
    const { ended, child } = rig.cuedot(['rotate'])
    let said = ''
    child.stderr?.on('data', (text: string) => void (said += text))
    const named = /drain A: waiting .* for app_a by consumer - 127\.0\.0\.1:\d+ from 127\.0\.0\.1 /
    await vi.waitFor(() => expect(said).toMatch(named), { timeout: 20_000 })
    await onConsole(engine, 'RECONNECT app')
    const { code, stderr } = await ended
    expect(code, stderr).toBe(0)
    expect(rig.consumers.failures).toEqual([])
  })

  test('auth_file goes stale: the rotation turns back before a consumer notices', async () => {
    const rig = await withConsumers(await start(stale))
    await rig.edit((yaml) => yaml.replace('    drain:', '    prove_limit: 2s\n    drain:'))
    const { code, stdout } = await rig.cuedot(['rotate', '--json']).ended
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'backed-out', code: 'ERR_POOLER' })
    expect(code).toBe(4)
    expect(rig.consumers.failures).toEqual([])
    expect(new Set(rig.consumers.held())).toEqual(new Set(['app_a']))
  })

  test('auth_file that is written anew while the run waits for it is enough', async () => {
    const engine = await start(stale)
    const rig = await withConsumers(engine)
    const written = await watchAndWrite(engine, () => userList(engine.server))
    const { code, stderr } = await rig.cuedot(['rotate', '--json']).ended
    await written()
    expect(code, stderr).toBe(0)
    expect(rig.consumers.failures).toEqual([])
  })

  test('a stale file makes consumers fail where cuedot is not told of PgBouncer', async () => {
    const { pooler: _pooler, ...untold } = await start(stale)
    const rig = await withConsumers(untold)
    const { code } = await rig.cuedot(['rotate', '--json']).ended
    expect(code).toBe(4)
    const failures = new Set(rig.consumers.failures)
    expect(failures).toEqual(new Set(['a client of the file as app_b: SASL authentication failed']))
    console.log(`without \`poolers\`: ${rig.consumers.failures.length} logins failed`)
  })

  test("PgBouncer's refusal is no answer about the password", async () => {
    const engine = await alone()
    const db = databaseOf(engine, 'poolers')
    const login = (who: Credential): Promise<unknown> =>
      db.login(who, db.poolers?.[0] ?? '', call()).catch((error: unknown) => error)
    const { A } = engine.slots
    expect(await login(A)).toBe('accepted')
    const refused = { code: 'ERR_DB_UNREACHABLE' }
    const password = new Sensitive('not the password', 'wrong password')
    expect(await login({ ...A, password })).toMatchObject(refused)
    expect(await login({ ...A, username: 'not_there' })).toMatchObject(refused)
  })

  test('a user in quarantine is refused although PgBouncer has a connection of it', async () => {
    const engine = await alone()
    const before = await engine.connect(engine.slots.A)
    await before.work()
    await engine.server.sql('ALTER ROLE app_a NOLOGIN')
    await expect(engine.connect(engine.slots.A)).rejects.toMatchObject({ code: '08P01' })
    await before.close()
  })

  test('a run through PgBouncer is refused, since it could not hold its lock', async () => {
    const engine = await alone()
    const through = databaseOf(engine, 'endpoints')
    const options = { target: 'app', lock: 'take', holder: 'test' } as const
    await expect(through.admin(engine.admin, options, call())).rejects.toMatchObject({
      code: 'ERR_DB_UNSUPPORTED',
    })
  })

  test('PgBouncer talks to no server whose certificate it cannot verify', async () => {
    const settings = { server_tls_ca_file: '/etc/ssl/certs/ca-certificates.crt' }
    const engine = await alone(async () => ({ settings }))
    const db = databaseOf(engine, 'poolers')
    const login = db.login(engine.slots.A, db.poolers?.[0] ?? '', call())
    await expect(login).rejects.toMatchObject({ code: 'ERR_DB_UNREACHABLE' })
    expect(engine.bouncer.log()).toMatch(
      /certificate verification failed|certificate verify failed/,
    )
  })
})

/** Runs a command on PgBouncer's console, as the example's `admin_users` may. */
async function onConsole(engine: PgbouncerRig, command: string): Promise<void> {
  const client = new pg.Client({
    ...{ host: 'localhost', port: engine.bouncer.port, database: 'pgbouncer' },
    ...{ user: 'pgbouncer', password: 'public-first-password', ssl: { ca: engine.ca } },
  })
  await client.connect()
  await client.query(command)
  await client.end()
}

/** Copies verifiers to PgBouncer as soon as the server has new ones. */
async function watchAndWrite(
  engine: PgbouncerRig,
  read: () => Promise<string>,
): Promise<() => Promise<void>> {
  const stop = new AbortController()
  // Before anything can change: what is read first counts as known.
  let last = await read()
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const now = await read()
      if (now !== last) await engine.bouncer.writeUsers(now)
      last = now
    }
  }
  const running = loop()
  return async () => {
    stop.abort()
    await running
  }
}
