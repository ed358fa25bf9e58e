import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Credential } from '@cuedot/client/protocol'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { RigEngine, RootSession } from '../../testkit/src/rig/engine.ts'
import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../../testkit/src/rig/mysql.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { randomPassword } from '../../testkit/src/servers/postgres.ts'
import { quoteText } from '../src/adapters/mysql/protocol/sql.ts'
import { scramVerifier } from '../src/adapters/postgres/scram.ts'
import { ROTATION_STEPS } from '../src/domain/four-steps.ts'
import type { RotationStep } from '../src/domain/four-steps.ts'
import { rotationHandler } from '../src/lambda/handler.ts'
import type { Variables } from '../src/compose/rotation-settings.ts'

/** A flat document of AWS's templates. */
export type Flat = Readonly<Record<string, unknown>>

/** What a call of the function has printed, and how it ended. */
export interface Called {
  readonly lines: readonly Readonly<Record<string, unknown>>[]
  /** Undefined: the step was done. */
  readonly error: Error | undefined
}

/** The engines that a rotation function knows, each with its real server. */
export const RIGS: Readonly<Record<RigEngine['engine'], () => Promise<RigEngine>>> = {
  postgres: postgresRig,
  mariadb: mariadbRig,
  mysql: mysqlRig,
}

/** One real server and our fake of Secrets Manager, with a rotation function between them. */
export class LambdaWorld implements AsyncDisposable {
  readonly rig: RigEngine
  readonly fake: FakeSecretsManager
  /** The admin's secret. */
  readonly adminSecret: string = `admin-${randomUUID()}`
  root: RootSession
  #users = 0

  private constructor(rig: RigEngine, fake: FakeSecretsManager, root: RootSession) {
    this.rig = rig
    this.fake = fake
    this.root = root
  }

  static async start(engine: RigEngine['engine']): Promise<LambdaWorld> {
    process.env['AWS_ACCESS_KEY_ID'] ??= 'test'
    process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test'
    process.env['AWS_REGION'] ??= 'us-east-1'
    const rig = await RIGS[engine]()
    const world = new LambdaWorld(rig, await startSecretsManager(), await rig.root())
    if (engine === 'postgres')
      await world.root.ask(`GRANT ALL ON SCHEMA public TO ${rig.admin.username} WITH GRANT OPTION`)
    await world.#create(world.adminSecret, { ...world.flat(rig.admin), dbname: undefined })
    return world
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.root[Symbol.asyncDispose]()
    await this.fake[Symbol.asyncDispose]()
    await this.rig[Symbol.asyncDispose]()
  }

  /** Kills the database and starts it again. */
  async restart(): Promise<void> {
    // Test servers flush late: what was made for the test is to outlive the kill.
    await this.root.ask(this.rig.engine === 'postgres' ? 'CHECKPOINT' : 'FLUSH ENGINE LOGS')
    await this.root[Symbol.asyncDispose]()
    await this.rig.restart()
    this.root = await this.rig.root()
  }

  /** A port of loopback on which nobody listens. */
  async deadPort(): Promise<number> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    server.close()
    await once(server, 'close')
    return typeof address === 'object' && address ? address.port : 1
  }

  /** A user with rights of its own, as an application has one. */
  async makeUser(): Promise<Credential> {
    const username = `svc${this.#users++}`
    const password = randomPassword(username)
    const { host, port, dbname, engine } = this.rig
    await this.makeBareUser(username, password)
    await this.root.ask(
      engine === 'postgres'
        ? `GRANT CREATE ON SCHEMA public TO ${username}`
        : `GRANT SELECT, INSERT ON ${dbname}.* TO '${username}'@'%' WITH GRANT OPTION`,
    )
    if (engine !== 'postgres') await this.root.ask(`ALTER USER '${username}'@'%' REQUIRE SSL`)
    return { username, password, host, port, dbname }
  }

  /** A user that may log in and nothing else. */
  async makeBareUser(username: string, password: Credential['password']): Promise<void> {
    const identified = await this.#identified(password)
    const { engine, admin } = this.rig
    await this.root.ask(
      engine === 'postgres'
        ? `CREATE ROLE ${username} LOGIN ${identified} ADMIN ${admin.username}`
        : `CREATE USER '${username}'@'%' ${identified}`,
    )
  }

  /** Another host entry of a user of MySQL or MariaDB, with the same password. */
  async makeEntry({ username, password }: Credential, host: string): Promise<void> {
    const identified = await this.#identified(password)
    await this.root.ask(`CREATE USER '${username}'@'${host}' ${identified}`)
  }

  /** MariaDB and MySQL say it in other words. */
  async setDefaultRole(username: string, role: string): Promise<void> {
    const isMariadb = this.rig.engine === 'mariadb'
    const who = isMariadb ? `${role} FOR '${username}'@'%'` : `${role} TO '${username}'@'%'`
    await this.root.ask(`SET DEFAULT ROLE ${who}`)
  }

  /** What this user works as when it has logged in. */
  async defaultRole(username: string): Promise<string> {
    const sql =
      this.rig.engine === 'mariadb'
        ? `SELECT default_role FROM mysql.user WHERE user = '${username}'`
        : `SELECT default_role_user FROM mysql.default_roles WHERE user = '${username}'`
    return String(await this.root.ask(sql))
  }

  /** As somebody does who does not ask the rotation function. */
  async setPassword(username: string, password: Credential['password']): Promise<void> {
    const identified = await this.#identified(password)
    await this.root.ask(
      this.rig.engine === 'postgres'
        ? `ALTER ROLE ${username} ${identified}`
        : `ALTER USER '${username}'@'%' ${identified}`,
    )
  }

  async #identified(password: Credential['password']): Promise<string> {
    return this.rig.engine === 'postgres'
      ? `PASSWORD '${await scramVerifier(password)}'`
      : `IDENTIFIED BY ${quoteText(password.reveal())}`
  }

  /** Stages a version past the function. @returns its id */
  async stageByHand(secret: string, document: Flat): Promise<string> {
    const token = randomUUID()
    await secretsManagerAdmin(this.fake.endpoint).call('PutSecretValue', {
      SecretId: secret,
      SecretString: JSON.stringify(document),
      ClientRequestToken: token,
      VersionStages: ['AWSPENDING'],
    })
    return token
  }

  /** Makes this the current version, as an operator does. */
  async write(secret: string, document: Flat): Promise<void> {
    const SecretString = JSON.stringify(document)
    await secretsManagerAdmin(this.fake.endpoint).call('PutSecretValue', {
      SecretId: secret,
      SecretString,
    })
  }

  /** As AWS's templates have it. */
  flat({ username, password, port, dbname }: Credential, more: Flat = {}): Flat {
    const { engine } = this.rig
    const login = { username, password: password.reveal() }
    return { engine, host: 'localhost', ...login, port, dbname, ...more }
  }

  async #create(name: string, document: Flat): Promise<void> {
    await secretsManagerAdmin(this.fake.endpoint).createSecret(name, JSON.stringify(document))
  }

  /** Makes a secret whose rotation is turned on. @returns its name */
  async makeSecret(document: Flat): Promise<string> {
    const name = `secret-${randomUUID()}`
    await this.#create(name, document)
    this.fake.schedule(name, { enabled: true })
    return name
  }

  /** A version without a value that has AWSPENDING, as RotateSecret makes it. */
  announce(secret: string): string {
    const token = randomUUID()
    this.fake.announce(secret, token)
    return token
  }

  async call(secret: string, step: RotationStep, token: string, more?: Variables): Promise<Called> {
    return await this.send({ Step: step, SecretId: secret, ClientRequestToken: token }, more)
  }

  /** Calls the function as Lambda does, in this process. */
  async send(event: unknown, more: Variables = {}, leftMs = 60_000): Promise<Called> {
    const lines: Readonly<Record<string, unknown>>[] = []
    const variables = {
      SECRETS_MANAGER_ENDPOINT: this.fake.endpoint,
      CUEDOT_TLS_CA: this.rig.caFile,
      ...more,
    }
    const until = Date.now() + leftMs
    const handler = rotationHandler({ variables, log: (line) => lines.push({ ...line }) })
    const context = { getRemainingTimeInMillis: () => until - Date.now() }
    const error = await handler(event, context).then(
      () => undefined,
      (thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown))),
    )
    return { lines, error }
  }

  /** All four steps, as Secrets Manager calls them. @returns the version's id */
  async rotate(secret: string, more?: Variables): Promise<string> {
    const token = this.announce(secret)
    for (const step of ROTATION_STEPS) {
      const { error } = await this.call(secret, step, token, more)
      if (error) throw error
    }
    return token
  }

  /** Runs an action of Secrets Manager past the function. */
  async ask(action: string, request: Flat): Promise<Flat> {
    return await secretsManagerAdmin(this.fake.endpoint).call(action, request)
  }

  /** The labels of the secret's versions, by id. */
  async describe(secret: string): Promise<{ readonly labels: Readonly<Record<string, string[]>> }> {
    const { VersionIdsToStages } = await this.ask('DescribeSecret', { SecretId: secret })
    return { labels: Object(VersionIdsToStages) }
  }

  /** What the version with this label holds. */
  held(secret: string, label = 'AWSCURRENT'): Readonly<Record<string, string>> {
    const value: Record<string, string> = JSON.parse(this.fake.peek(secret, label) ?? '{}')
    return value
  }

  /** Whether the database accepts a user with this password, as a consumer logs in. */
  async accepts(username: string, password: Credential['password']): Promise<boolean> {
    try {
      const connection = await this.rig.connect({ username, password })
      await connection.close()
      return true
    } catch {
      return false
    }
  }
}
