/**
 * Whether an application with the client notices rotations: `npm run bench:client-load`. For each
 * way to rotate, `--rotations N` in a row (100), while pools of the client serve connect-heavy,
 * pooled and long-transaction load. One JSON object a line: requests, and those that failed.
 *
 * - `alternating`: `cuedot rotate`, with nothing published and nothing rolled;
 * - `template`: one user, in the steps of AWS's rotation template: the database has the new
 *   password two seconds before AWSCURRENT does;
 * - `managed`: one user, as RDS rotates a managed secret.
 *
 * `--engine postgres|mariadb|mysql` (postgres), `--only KIND`. The pools poll each second, and are
 * told of nothing.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { Sensitive } from '@cuedot/client/protocol'
import { createCredentials } from '../packages/client/src/credentials/credentials.ts'
import { awsSecretsManager } from '../packages/client/src/sources/aws.ts'
import { requestsByMysql2, requestsByPg } from '../packages/client/test/load-requests.ts'
import type { Requests, Setup } from '../packages/client/test/load-requests.ts'
import { ON_POSTGRES } from '../packages/client/test/pg-pool.ts'
import {
  nativeHash,
  quoteAccount,
  quoteText,
} from '../packages/rotator/src/adapters/mysql/protocol/sql.ts'
import type { RigEngine, RootSession } from '../packages/testkit/src/rig/engine.ts'
import { mariadbRig } from '../packages/testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../packages/testkit/src/rig/mysql.ts'
import { postgresRig } from '../packages/testkit/src/rig/postgres.ts'
import { AWS_ENVIRONMENT, startRig } from '../packages/testkit/src/rig/rig.ts'
import { Load } from './client-load/load.ts'
import { KINDS, rotationOf } from './client-load/rotations.ts'
import type { Kind } from './client-load/rotations.ts'

/** A server, and what its driver and its SQL do each in their own way. */
interface Server {
  readonly start: () => Promise<RigEngine>
  readonly open: (setup: Setup) => Requests
  readonly setPassword: (root: RootSession, user: string, password: Sensitive) => Promise<void>
}

const account = (user: string): string => quoteAccount({ user, host: '%' })
const SERVERS: Readonly<Record<string, Server>> = {
  postgres: {
    start: () => postgresRig({ maxConnections: 100 }),
    open: requestsByPg,
    setPassword: ON_POSTGRES.setPassword,
  },
  mariadb: {
    start: () => mariadbRig(),
    open: requestsByMysql2,
    setPassword: async (root, user, password) => {
      const hash = quoteText(nativeHash(password))
      await root.ask(
        `ALTER USER ${account(user)} IDENTIFIED VIA mysql_native_password USING ${hash}`,
      )
    },
  },
  mysql: {
    start: () => mysqlRig(),
    open: requestsByMysql2,
    setPassword: async (root, user, password) => {
      await root.ask(`ALTER USER ${account(user)} IDENTIFIED BY ${quoteText(password.reveal())}`)
    },
  },
}

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'postgres' },
    rotations: { type: 'string', default: '100' },
    only: { type: 'string' },
  },
})
const server = SERVERS[values.engine]
if (server === undefined) throw new Error(`--engine is one of: ${Object.keys(SERVERS).join(', ')}`)
Object.assign(process.env, AWS_ENVIRONMENT)
for (const kind of KINDS)
  if (values.only === undefined || values.only === kind) await measure(server, kind)

async function measure({ start, open, setPassword }: Server, kind: Kind): Promise<void> {
  await using rig = await startRig(await start(), 'alternating', {
    target: { publish: [], roll: [] },
  })
  const { engine, store } = rig
  await using root = await engine.root()
  const rotation = await rotationOf(kind, {
    rig,
    setPassword: async (username, text) => {
      await setPassword(root, username, new Sensitive(text, 'password of the bench'))
    },
  })
  const { endpoint } = store
  const { secretId } = rotation
  const source = awsSecretsManager({ secretId, region: 'eu-central-1', endpoint })
  using credentials = createCredentials(source, { pollMs: 1_000 })
  const ca = await readFile(engine.caFile, 'utf8')
  const setup = { credentials, ca, port: engine.port, database: engine.dbname }
  const load = new Load(() => open(setup))
  const rotations = Number(values.rotations)
  for (let n = 0; n < rotations; n++) await rotation.rotate()
  const told = await load.stop()
  console.log(JSON.stringify({ engine: values.engine, kind, rotations, ...told }))
}
