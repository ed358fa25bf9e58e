import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { createConnection } from 'mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { quoteAccount } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import { secretsManagerAdmin } from '../fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../fakes/secrets-manager.ts'
import { AWS_ENVIRONMENT } from '../rig/rig.ts'
import type { TestTls } from '../servers/tls.ts'
import type { OpenemrServer } from './server.ts'

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** What a world begins with. */
export interface OpenemrStart {
  /**
   * - `on-a`, `on-b`: the application runs as that slot's user, and both users exist.
   * - `fresh`: as a deployment leaves it: stand-ins in the slot document, no user of a slot, and
   *   the application runs as the admin.
   */
  readonly at: 'on-a' | 'on-b' | 'fresh'
  /** Milliseconds between two requests of a worker. Default 80. */
  readonly paceMs?: number
}

/** A database with OpenEMR's schema, its secrets, and the volume with its `sites`. */
export interface OpenemrWorld extends AsyncDisposable {
  /** The folder that OPENEMR_SITES_MOUNT_ROOT names. */
  readonly sites: string
  readonly sqlconf: string
  readonly store: FakeSecretsManager
  readonly tls: TestTls
  /** Variables that a rotation task gets on either platform, and where AWS's fake is. */
  readonly env: Readonly<Record<string, string>>
  /** A session that may do everything. */
  readonly root: Connection
  /** What the application runs as at first. */
  readonly initial: Credential
  /** Program and arguments of a worker. */
  readonly worker: readonly [string, ...string[]]
  /** What workers have told so far. */
  report(): Promise<OpenemrReport>
  slots(): SlotsText
  /** Every account with its hash, its state and its grants; what a dry run must keep. */
  accounts(): Promise<readonly string[]>
}

/** What workers have told. */
export interface OpenemrReport {
  readonly served: number
  /** `failed CODE as USER`, one for each. */
  readonly failed: readonly string[]
}

/** The slot document, as far as tests look into it. */
export interface SlotsText {
  readonly active_slot: 'A' | 'B'
  readonly A: SlotText
  readonly B: SlotText
  readonly [key: string]: unknown
}

/** One slot of it. */
export interface SlotText {
  readonly username: string
  readonly password: string
  readonly host: string
  readonly port: string
  readonly dbname: string
}

const ADMIN = 'dbadmin'
const REGION = 'eu-central-1'

/** Builds a world on a server whose `openemr` schema nobody uses. The server outlives it. */
export async function startOpenemr(
  server: OpenemrServer,
  tls: TestTls,
  { at, paceMs = 80 }: OpenemrStart,
): Promise<OpenemrWorld> {
  await using starting = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-openemr-'))
  starting.defer(() => rm(dir, { recursive: true, force: true }))
  const root = await connectRoot(server, tls)
  starting.defer(() => root.end())
  const place = { host: 'localhost', port: String(server.port), dbname: 'openemr' }
  const logins = { admin: login(ADMIN), A: login('openemr_a'), B: login('openemr_b') }
  await prepare(server, root, at === 'fresh' ? [logins.admin] : Object.values(logins))
  const store = starting.use(await startSecretsManager())
  const secrets = secretsManagerAdmin(store.endpoint)
  const stored = ({ username, password }: Login): object => {
    return { username, password: at === 'fresh' ? 'placeholder' : password, ...place }
  }
  const slots = {
    active_slot: at === 'on-b' ? 'B' : 'A',
    ...{ A: stored(logins.A), B: stored(logins.B), note: 'of the operator' },
  }
  await secrets.createSecret('slots', JSON.stringify(slots))
  const admin = { ...logins.admin, host: place.host, port: server.port, engine: 'mysql' }
  await secrets.createSecret('admin', JSON.stringify(admin))
  const sqlconf = join(dir, 'sites/default/sqlconf.php')
  const held = at === 'fresh' ? logins.admin : at === 'on-b' ? logins.B : logins.A
  await mkdir(join(dir, 'sites/default'), { recursive: true })
  await writeFile(sqlconf, sqlconfText({ ...held, ...place }), { mode: 0o644 })
  const reports = join(dir, 'report')
  await writeFile(reports, '')
  const running = starting.move()
  return {
    ...{ sites: join(dir, 'sites'), sqlconf, store, tls, root },
    initial: credentialOf(held, server.port),
    env: {
      ...AWS_ENVIRONMENT,
      ...{ AWS_REGION: REGION, AWS_ENDPOINT_URL_SECRETS_MANAGER: store.endpoint },
      ...{ RDS_SLOT_SECRET_ID: 'slots', RDS_ADMIN_SECRET_ID: 'admin' },
      ...{ OPENEMR_SITES_MOUNT_ROOT: join(dir, 'sites'), CUEDOT_TLS_CA: tls.caFile },
    },
    worker: [process.execPath, WORKER, sqlconf, tls.caFile, reports, String(paceMs)],
    report: async () => reportOf(await readFile(reports, 'utf8')),
    slots: () => slotsOf(store),
    accounts: () => accountsOf(root),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

interface Login {
  readonly username: string
  readonly password: string
}

function login(username: string): Login {
  return { username, password: randomBytes(15).toString('hex') }
}

function credentialOf({ username, password }: Login, port: number): Credential {
  const secret = new Sensitive(password, `password of ${username}`)
  return { username, password: secret, host: 'localhost', port, dbname: 'openemr' }
}

async function connectRoot(server: OpenemrServer, tls: TestTls): Promise<Connection> {
  const { username: user, password } = server.root
  const at = { host: 'localhost', port: server.port, ssl: { ca: tls.ca } }
  const root = await createConnection({ ...at, user, password: password.reveal() })
  await root.query("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'")
  return root
}

/** A schema without rows and just these users. */
async function prepare(
  server: OpenemrServer,
  root: Connection,
  users: readonly Login[],
): Promise<void> {
  for (const name of [ADMIN, 'openemr_a', 'openemr_b'])
    await root.query(`DROP USER IF EXISTS ${quoteAccount({ user: name, host: '%' })}`)
  await root.query('DROP DATABASE IF EXISTS openemr')
  await root.query('CREATE DATABASE openemr')
  await root.query('CREATE TABLE openemr.visit (id int)')
  for (const { username, password } of users) {
    const account = quoteAccount({ user: username, host: '%' })
    await root.query(`CREATE USER ${account} ${server.identified(password)} REQUIRE SSL`)
    await root.query(
      username === ADMIN
        ? `GRANT ${server.adminPrivileges} ON *.* TO ${account} WITH GRANT OPTION`
        : `GRANT ALL PRIVILEGES ON openemr.* TO ${account}`,
    )
  }
}

/** A sqlconf.php as OpenEMR's installer writes it. */
export function sqlconfText(
  values: Login & { host: string; port: string; dbname: string },
): string {
  const { host, port, username, password, dbname } = values
  return `<?php
//  OpenEMR
//  MySQL Config

$host\t= '${host}';
$port\t= '${port}';
$login\t= '${username}';
$pass\t= '${password}';
$dbase\t= '${dbname}';

$sqlconf = array();
global $sqlconf;
$sqlconf["host"]= $host;
$sqlconf["port"] = $port;
$sqlconf["login"] = $login;
$sqlconf["pass"] = $pass;
$sqlconf["dbase"] = $dbase;
//////DO NOT TOUCH THIS///
$config = 1; /////////////
`
}

function reportOf(text: string): OpenemrReport {
  const lines = text.split('\n').filter((line) => line !== '')
  const failed = lines.filter((line) => line.startsWith('failed'))
  return { served: lines.length - failed.length, failed }
}

function slotsOf(store: FakeSecretsManager): SlotsText {
  const slots: SlotsText = JSON.parse(store.peek('slots', 'AWSCURRENT') ?? '{}')
  return slots
}

/** Whatever the server knows of the accounts that are not its own. */
async function accountsOf(root: Connection): Promise<readonly string[]> {
  const names = "User IN ('dbadmin', 'openemr_a', 'openemr_b')"
  const [rows] = await root.query<RowDataPacket[]>(
    `SELECT * FROM mysql.user WHERE ${names} ORDER BY User, Host`,
  )
  const grants = rows.map(async ({ User: user, Host: host }) => {
    const account = quoteAccount({ user: String(user), host: String(host) })
    const [lines] = await root.query<RowDataPacket[]>(`SHOW GRANTS FOR ${account}`)
    return JSON.stringify(lines)
  })
  return [...rows.map((row) => JSON.stringify(row)), ...(await Promise.all(grants))]
}
