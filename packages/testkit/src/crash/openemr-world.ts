import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Sensitive } from '@cuedot/client/protocol'
import { phpSqlconfTarget } from '../../../rotator/src/adapters/files/php-sqlconf/target.ts'
import { sqlconfText } from '../openemr/world.ts'
import type { RigEngine } from '../rig/engine.ts'
import { startHttpEnd } from '../servers/http-end.ts'
import type { HttpEnd } from '../servers/http-end.ts'
import type { Documents, OpenemrCase } from './cases.ts'
import type { Crew } from './crew.ts'
import { activeOf, read } from './documents.ts'
import type { Plain } from './documents.ts'
import { openOffice } from './openemr-office.ts'
import type { Office } from './openemr-office.ts'
import { startPlatform } from './openemr-platform.ts'
import type { Platform } from './openemr-platform.ts'
import { fakeSecrets } from './secrets.ts'
import type { Secrets } from './secrets.ts'
import { startVault } from './services.ts'
import { startWireTap } from './wire.ts'
import { starter } from './world.ts'
import type { World, WorldOptions } from './world.ts'

const WORKER = fileURLToPath(new URL('./openemr-worker.ts', import.meta.url))

/**
 * Builds a world of OpenEMR on a running server: workers are processes of ECS or Kubernetes, and
 * the command line finds everything in its environment. The server outlives it.
 */
export async function startOpenemrWorld(
  engine: RigEngine,
  row: OpenemrCase,
  { documents, cache }: WorldOptions,
): Promise<World> {
  await using starting = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-crash-'))
  starting.defer(() => rm(dir, { recursive: true, force: true }))
  await mkdir(join(dir, 'tmp'))
  await mkdir(join(dir, 'sites/default'), { recursive: true })
  const database = starting.use(await startWireTap(engine.port))
  const vault = starting.use(await startVault())
  const place = { host: 'localhost', port: database.port }
  const secrets = await fakeSecrets(vault, placed(documents, place))
  const confFile = join(dir, 'sites/default/sqlconf.php')
  const active = await publish(confFile, secrets, { ...place, dbname: engine.dbname })
  const office = starting.use(await openOffice())
  const platform = starting.use(
    await startPlatform(row.platform, {
      // What the workers send must not be counted: they know another way to the server.
      worker: [
        process.execPath,
        WORKER,
        confFile,
        engine.caFile,
        `${engine.port}`,
        `${office.port}`,
      ],
      workerEnv: { NODE_COMPILE_CACHE: cache },
      initial: { ...engine.slots.A, ...active, ...place },
      dir,
    }),
  )
  const page = starting.use(await startPage())
  const env = {
    ...platform.environment,
    ...{ AWS_REGION: 'eu-central-1', AWS_ENDPOINT_URL_SECRETS_MANAGER: vault.seenByCli },
    ...{ RDS_SLOT_SECRET_ID: 'slots', RDS_ADMIN_SECRET_ID: 'admin' },
    ...{ OPENEMR_SITES_MOUNT_ROOT: join(dir, 'sites'), CUEDOT_TLS_CA: engine.caFile },
    OPENEMR_HEALTHCHECK_URL: page.url,
  }
  const consumers = crewOf(office, platform, confFile)
  const said: string[] = []
  const args = ['--log-json']
  const start = starter({ dir, cache, env, said, args, fake: true, config: false })
  const running = starting.move()
  return {
    ...{ engine, row, store: 'fake', dir, confFile, consumers, secrets, database, said, start },
    ...{ vault, platform },
    run: (command) => start(command).ended,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

interface Place {
  readonly host: string
  readonly port: number
}

/** The preset finds the server where its secrets say. */
function placed({ slots, admin }: Documents, place: Place): Documents {
  const moved = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && 'username' in value
      ? { ...value, ...place }
      : value
  const entries = Object.entries(slots).map(([key, value]) => [key, moved(value)])
  return { slots: Object.fromEntries(entries), admin: { ...admin, ...place } }
}

/** Workers begin with what is active. */
async function publish(
  confFile: string,
  secrets: Secrets,
  { host, port, dbname }: Place & { readonly dbname: string },
): Promise<Pick<RigEngine['admin'], 'username' | 'password'>> {
  const active = activeOf((await secrets.labelled()).map(read))
  if (active === undefined) throw new Error('no slot is active')
  const text = sqlconfText({ ...active, host, port: String(port), dbname })
  await writeFile(confFile, text, { mode: 0o644 })
  return loginOf(active)
}

function loginOf({ username, password }: Plain): Pick<RigEngine['admin'], 'username' | 'password'> {
  return { username, password: new Sensitive(password, `password of ${username}`) }
}

function crewOf(office: Office, platform: Platform, confFile: string): Crew {
  const php = phpSqlconfTarget({ id: 'sqlconf', path: confFile })
  return {
    failures: office.failures,
    work: () => office.work(),
    logins: async () => [
      ...office.held(),
      await php.read({ signal: AbortSignal.timeout(30_000) }),
      ...(await platform.published()),
    ],
    start: () => platform.start(),
    stop: () => platform.stop(),
  }
}

/** OpenEMR's login page, for the health check. */
async function startPage(): Promise<HttpEnd> {
  return await startHttpEnd(async (_request, response) => void response.writeHead(200).end())
}
