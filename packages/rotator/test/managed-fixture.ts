import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, onTestFinished } from 'vitest'
import { startRds } from '../../testkit/src/fakes/rds.ts'
import type { FakeRds } from '../../testkit/src/fakes/rds.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import type { SecretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { startPostgres } from '../../testkit/src/servers/postgres.ts'
import type { TestPostgres } from '../../testkit/src/servers/postgres.ts'
import { json } from './cli-fixture.ts'
import { startCuedot } from './cli-process.ts'
import type { CliProcess, CliResult } from './cli-process.ts'

/** An RDS of one database, its managed secret, and a configuration for the command line. */
export interface ManagedWorld {
  readonly server: TestPostgres
  readonly rds: FakeRds
  readonly secrets: FakeSecretsManager
  readonly admin: SecretsManagerAdmin
  readonly dir: string
  readonly username: string
  /** Name of the managed secret. */
  readonly secret: string
  /** The credential in the version with this label. */
  credential(label?: string): Promise<Credential>
  /** Whether the database accepts it. */
  accepts(credential: Credential): Promise<boolean>
  /** Opens a session as the managed user. */
  connect(application: string): Promise<pg.Client>
  /** What stands under the target in cuedot.yaml. */
  configure(lines: readonly string[]): Promise<void>
  run(...args: readonly string[]): Promise<CliResult>
  start(...args: readonly string[]): CliProcess
}

/** What a world is made of. */
export interface ManagedOptions {
  readonly kind?: 'instance' | 'cluster'
  /** Lines of YAML in place of the usual ones of the target. */
  readonly target?: (world: { readonly secret: string; readonly port: number }) => readonly string[]
}

/** One server and one Secrets Manager for a file of tests; the RDS is each test's own. */
export interface ManagedSuite {
  make(options?: ManagedOptions): Promise<ManagedWorld>
}

/** The target that most tests use. */
export function managedTarget(
  secret: string,
  port: number,
  extra: readonly string[] = [],
): string[] {
  return [
    'strategy: managed',
    `store: { kind: secrets-manager, secret: "${secret}" }`,
    `database: { engine: postgres, endpoints: ["127.0.0.1:${port}"], dbname: app, tls: off }`,
    'wait: { limit: 20s, poll: 50ms, doubt: 1s }',
    'prove_limit: 5s',
    ...extra,
  ]
}

/** Registers what begins and ends the servers of a file of tests. */
export function useManagedSuite(): ManagedSuite {
  let server: TestPostgres
  let secrets: FakeSecretsManager
  const said: { readonly text: string; readonly passwords: Set<string> }[] = []
  beforeAll(async () => {
    server = await startPostgres()
    secrets = await startSecretsManager()
  })
  afterAll(async () => {
    await server.stop()
    await secrets[Symbol.asyncDispose]()
  })
  afterEach(() => {
    secrets.heal()
    for (const { text, passwords } of said.splice(0)) {
      const shown = [...passwords].filter((password) => text.includes(password))
      if (shown.length > 0) throw new Error(`I6: ${shown.length} passwords were shown`)
    }
  })
  return { make: (options) => makeWorld({ server, secrets, said }, options) }
}

interface Surroundings {
  readonly server: TestPostgres
  readonly secrets: FakeSecretsManager
  readonly said: { readonly text: string; readonly passwords: Set<string> }[]
}

async function makeWorld(
  { server, secrets, said }: Surroundings,
  { kind = 'instance', target }: ManagedOptions = {},
): Promise<ManagedWorld> {
  const passwords = new Set<string>()
  const { rds, secret, username } = await makeRds({ server, secrets }, { kind, passwords })
  onTestFinished(() => rds[Symbol.asyncDispose]())
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-managed-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const admin = secretsManagerAdmin(secrets.endpoint)
  const at = { host: server.host, port: server.port, dbname: 'app' }
  const credential = async (label = 'AWSCURRENT'): Promise<Credential> => {
    const request = { SecretId: secret, VersionStage: label }
    const answer = await admin.call('GetSecretValue', request)
    const { password } = json(String(answer['SecretString']))
    return { ...at, username, password: new Sensitive(String(password), 'managed password') }
  }
  const start: ManagedWorld['start'] = (...args) => {
    const env = environment(secrets.endpoint, rds.endpoint)
    const started = startCuedot(args, { cwd: dir, env })
    void started.ended.then(({ stdout, stderr }) => said.push({ text: stdout + stderr, passwords }))
    return started
  }
  const configure = async (lines: readonly string[]): Promise<void> => {
    const yaml = lines.map((line) => `    ${line}\n`).join('')
    await writeFile(join(dir, 'cuedot.yaml'), `version: 1\ntargets:\n  admin:\n${yaml}`)
  }
  await configure(target?.({ secret, port: server.port }) ?? managedTarget(secret, server.port))
  return {
    ...{ server, rds, secrets, admin, dir, username, secret, credential, configure, start },
    accepts: async (login) => {
      try {
        await (await server.connect(login)).end()
        return true
      } catch {
        return false
      }
    },
    connect: async (application) => await server.connect(await credential(), application),
    run: async (...args) => await start(...args).ended,
  }
}

interface Made {
  readonly rds: FakeRds
  readonly secret: string
  readonly username: string
}

/** A user of the real server as the managed one of a fake RDS. */
async function makeRds(
  { server, secrets }: Pick<Surroundings, 'server' | 'secrets'>,
  { kind, passwords }: { readonly kind: 'instance' | 'cluster'; readonly passwords: Set<string> },
): Promise<Made> {
  const tag = randomBytes(4).toString('hex')
  const username = `rds_${tag}`
  const id = `db-${tag}`
  const short = kind === 'instance' ? 'db' : 'cluster'
  const setPassword = async (user: string, password: string): Promise<void> => {
    passwords.add(password)
    const name = pg.escapeIdentifier(user)
    await server.sql(`ALTER ROLE ${name} PASSWORD ${pg.escapeLiteral(password)}`)
  }
  await server.sql(
    `CREATE ROLE ${username} LOGIN CREATEROLE`,
    `GRANT pg_read_all_stats TO ${username}`,
  )
  const first = `First${randomBytes(12).toString('hex')}`
  await setPassword(username, first)
  const secret = `rds!${short}-${tag}`
  const secretArn = secrets.managed.create(secret, JSON.stringify({ username, password: first }), {
    service: 'rds',
    tag: `aws:rds:primaryDB${kind === 'instance' ? 'Instance' : 'Cluster'}Arn`,
    resource: `arn:aws:rds:eu-central-1:123456789012:${short}:${id}`,
  })
  const rotated = { secrets: secrets.managed, secret, username, setPassword }
  const rds = await startRds({ ...rotated, kind, id, secretArn, unmanagedId: `other-${tag}` })
  return { rds, secret, username }
}

function environment(secretsManager: string, rds: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager,
    AWS_ENDPOINT_URL_RDS: rds,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'eu-central-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}
