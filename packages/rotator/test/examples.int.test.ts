import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { fileURLToPath } from 'node:url'
import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { startHttpEnd } from '../../testkit/src/servers/http-end.ts'
import { startMariadb } from '../../testkit/src/servers/mariadb.ts'
import { startPostgres } from '../../testkit/src/servers/postgres.ts'
import { makeTestTls } from '../../testkit/src/servers/tls.ts'
import { cuedot, startCuedot } from './cli-process.ts'
import type { CliResult } from './cli-process.ts'

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url))

/** Starts something that the test's end stops. */
async function using<T extends AsyncDisposable>(starting: Promise<T>): Promise<T> {
  const started = await starting
  onTestFinished(() => started[Symbol.asyncDispose]())
  return started
}

/** A copy of an example in which texts are replaced: the ports of this test's servers. */
async function copyExample(name: string, texts: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-example-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  await cp(join(EXAMPLES, name), dir, { recursive: true })
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const before = await readFile(file, 'utf8')
    const after = Object.entries(texts).reduce(
      (text, [from, to]) => text.replaceAll(from, to),
      before,
    )
    if (after !== before) await writeFile(file, after)
  }
  return dir
}

/** Runs the commands of the README one after the other; each must end with 0. */
async function follow(
  dir: string,
  commands: readonly (readonly string[])[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly CliResult[]> {
  const results: CliResult[] = []
  for (const args of commands) {
    const result = await cuedot(args, { cwd: dir, env })
    expect(result, args.join(' ')).toMatchObject({ code: 0 })
    expect(result.stdout + result.stderr).not.toContain('public-first-password')
    results.push(result)
  }
  return results
}

async function read(dir: string, file: string): Promise<string> {
  return await readFile(join(dir, file), 'utf8')
}

async function statements(dir: string): Promise<readonly string[]> {
  const sql = (await read(dir, 'setup.sql')).replaceAll(/^--.*$/gm, '')
  return sql.split(';').filter((statement) => statement.trim() !== '')
}

describe('the examples', () => {
  test('postgres-file-store rotates the application twice and the admin once', async () => {
    const server = await using(startPostgres())
    const dir = await copyExample('postgres-file-store', { '5432': String(server.port) })
    await server.sql(...(await statements(dir)))
    for (const name of ['app', 'admin']) {
      const args = ['--path', `secrets/${name}.cuedot`, '--key-file', 'keys/cuedot.key']
      const input = await read(dir, `documents/${name}.json`)
      const { code } = await cuedot(['secret', 'init', ...args], { cwd: dir, input })
      expect(code).toBe(0)
    }
    const [, plan] = await follow(dir, [
      ['verify', '--all'],
      ['plan', 'app'],
      ['rotate', 'app'],
    ])
    expect(plan?.stdout).toContain('provision B')
    expect(parseEnv(await read(dir, 'app.env'))['DB_USER']).toBe('app_b')
    const [status] = await follow(dir, [
      ['status', '--all', '--exit-code'],
      ['rotate', 'app'],
      ['rotate', 'admin'],
      ['status', '--all', '--exit-code'],
    ])
    expect(status?.stdout).toMatch(/slot B +app_b, active, password .* old, due in 29d/)
    const env = parseEnv(await read(dir, 'app.env'))
    expect(env).toMatchObject({ DB_USER: 'app_a', LOG_LEVEL: 'info' })
    expect((await read(dir, 'reloads.log')).trim().split('\n')).toHaveLength(2)
    const login = { host: server.host, port: server.port, database: 'app' }
    const client = new pg.Client({ ...login, user: 'app_a', password: env['DB_PASSWORD'] })
    await client.connect()
    const { rows } = await client.query<{ role: string }>('SELECT current_user AS role')
    expect(rows).toEqual([{ role: 'app_owner' }])
    await client.end()
  })

  test('secrets-manager-postgres rotates over verified TLS', async () => {
    const tls = await using(makeTestTls())
    const server = await using(startPostgres({ tls }))
    const aws = await using(startSecretsManager())
    // Ten minutes are for production: nobody waits for them here.
    const texts = { '5432': String(server.port), 'quarantine: 10m': 'quarantine: 1s' }
    const dir = await copyExample('secrets-manager-postgres', texts)
    await server.sql(...(await statements(dir)))
    const admin = secretsManagerAdmin(aws.endpoint)
    for (const name of ['database', 'database-admin'])
      await admin.createSecret(`orders/${name}`, await read(dir, `documents/${name}.json`))
    const env = { ...awsEnvironment(aws.endpoint), CUEDOT_TLS_CA: tls.caFile }
    await follow(dir, [['verify'], ['plan'], ['rotate', '--reason', 'quarterly']], env)
    expect(JSON.parse(await read(dir, 'service.json'))).toMatchObject({
      name: 'orders',
      database: { user: 'orders_b', port: server.port, name: 'app' },
    })
    await follow(dir, [['status', '--exit-code'], ['rotate'], ['status', '--exit-code']], env)
    const service = JSON.parse(await read(dir, 'service.json'))
    expect(service).toMatchObject({ database: { user: 'orders_a' } })
    expect(service.database.password).toMatch(/^[A-HJ-NP-Za-km-z2-9]{40}$/)
    const secret = await admin.call('GetSecretValue', { SecretId: 'orders/database' })
    expect(JSON.parse(String(secret['SecretString']))).toMatchObject({ team: 'orders' })
    const { CUEDOT_TLS_CA: _ca, ...withoutCa } = env
    const untrusted = await cuedot(['verify'], { cwd: dir, env: withoutCa })
    expect(untrusted.stdout).toContain('ERR_DB_TLS')
    expect(untrusted.code).toBe(3)
  })

  test('dual-password-mariadb moves a session that tells its version', async () => {
    const tls = await using(makeTestTls())
    const server = await using(startMariadb({ tls, performanceSchema: true }))
    const dir = await copyExample('dual-password-mariadb', { '3306': String(server.port) })
    await writeFile(join(dir, 'ca.pem'), tls.ca)
    const at = { host: server.host, port: server.port, ssl: { ca: tls.ca } }
    const { username: user, password } = server.root
    const root = await createConnection({ ...at, user, password: password.reveal() })
    for (const statement of await statements(dir)) await root.query(statement)
    for (const name of ['orders', 'admin']) {
      const args = ['--path', `secrets/${name}.cuedot`, '--key-file', 'keys/cuedot.key']
      const input = await read(dir, `documents/${name}.json`)
      expect((await cuedot(['secret', 'init', ...args], { cwd: dir, input })).code).toBe(0)
    }
    const env = async (): Promise<NodeJS.Dict<string>> => parseEnv(await read(dir, 'app.env'))
    const login = { port: server.port, ca: tls.ca }
    const first = await env()
    await follow(dir, [['verify'], ['plan'], ['rotate']])
    const second = await env()
    expect(second).toMatchObject({ DB_USER: 'orders', DB_HOST: '127.0.0.1' })
    expect(second['DB_CRED_VERSION']).toMatch(/^[0-9a-f]{8}$/)
    await expect(applicationOf({ ...login, env: first })).rejects.toMatchObject({ errno: 1045 })
    const working = await applicationOf({ ...login, env: second })
    const rotating = startCuedot(['rotate', '--log-json'], { cwd: dir })
    await rotating.shows('orders by orders from')
    await working.query('SELECT 1')
    await working.end()
    expect(await rotating.ended).toMatchObject({ code: 0 })
    await expect(applicationOf({ ...login, env: second })).rejects.toMatchObject({ errno: 1045 })
    const moved = await applicationOf({ ...login, env: await env() })
    await follow(dir, [['status', '--exit-code'], ['rehearse'], ['status']])
    await moved.end()
    await root.end()
    expect((await read(dir, 'reloads.log')).trim().split('\n')).toHaveLength(2)
  })

  test('mariadb-openemr-ecs-like rotates while the login page stays up', async () => {
    const tls = await using(makeTestTls())
    const server = await using(startMariadb({ tls }))
    const aws = await using(startSecretsManager())
    const page = await using(loginPage(tls.ca))
    const dir = await copyExample('mariadb-openemr-ecs-like', {
      '3306': String(server.port),
      '8300': String(page.port),
    })
    page.sqlconf = join(dir, 'sites/default/sqlconf.php')
    await writeFile(join(dir, 'ca.pem'), tls.ca)
    const { username: user, password, host, port } = server.root
    const root = { host, port, user, password: password.reveal(), ssl: { ca: tls.ca } }
    const connection = await createConnection(root)
    for (const statement of await statements(dir)) await connection.query(statement)
    await connection.end()
    const admin = secretsManagerAdmin(aws.endpoint)
    for (const name of ['db-slots', 'db-admin'])
      await admin.createSecret(`openemr/${name}`, await read(dir, `documents/${name}.json`))
    const env = awsEnvironment(aws.endpoint)
    await follow(dir, [['verify'], ['plan'], ['rotate']], env)
    expect(await read(dir, 'sites/default/sqlconf.php')).toMatch(/^\$login\t= 'openemr_b';$/m)
    await follow(dir, [['status', '--exit-code'], ['rotate'], ['status', '--exit-code']], env)
    expect(await read(dir, 'sites/default/sqlconf.php')).toMatch(/^\$login\t= 'openemr_a';$/m)
    expect((await read(dir, 'restarts.log')).trim().split('\n')).toHaveLength(2)
    expect(page.answers).toEqual({ 200: 6 })
  })
})

interface Login {
  readonly port: number
  readonly ca: string
  readonly env: NodeJS.Dict<string>
}

/** As an application would that has read app.env: `mysql2` tells the version as an attribute. */
function applicationOf({ port, ca, env }: Login): Promise<Connection> {
  return createConnection({
    ...{ host: 'localhost', port, ssl: { ca }, database: env['DB_NAME'] ?? '' },
    ...{ user: env['DB_USER'] ?? '', password: env['DB_PASSWORD'] ?? '' },
    connectAttributes: { program_name: 'orders', cred_version: env['DB_CRED_VERSION'] ?? '' },
  })
}

function awsEnvironment(endpoint: string): Readonly<Record<string, string>> {
  return { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
}

interface LoginPage extends AsyncDisposable {
  readonly port: number
  sqlconf: string
  /** How often each status was answered. */
  readonly answers: Record<number, number>
}

/** As OpenEMR's login page: reads sqlconf.php at each request and asks the database. */
async function loginPage(ca: string): Promise<LoginPage> {
  const answers: Record<number, number> = {}
  const state = { sqlconf: '' }
  const end = await startHttpEnd(async (_request, response) => {
    const status = await asks(state.sqlconf, ca)
    answers[status] = (answers[status] ?? 0) + 1
    response.writeHead(status).end()
  })
  return Object.assign(state, {
    answers,
    port: end.port,
    [Symbol.asyncDispose]: async () => await end[Symbol.asyncDispose](),
  })
}

async function asks(sqlconf: string, ca: string): Promise<number> {
  const text = await readFile(sqlconf, 'utf8')
  const value = (name: string): string =>
    new RegExp(`^\\$${name}\t= '(.*)';$`, 'm').exec(text)?.[1] ?? ''
  const login = { user: value('login'), password: value('pass'), database: value('dbase') }
  try {
    const at = { host: value('host'), port: Number(value('port')), ssl: { ca } }
    const connection = await createConnection({ ...at, ...login })
    await connection.query('SELECT 1')
    await connection.end()
    return 200
  } catch {
    return 503
  }
}
