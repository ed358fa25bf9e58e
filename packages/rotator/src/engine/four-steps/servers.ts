import type { Credential, DocumentEndpoint, Sensitive } from '@cuedot/client/protocol'
import { isRotatorError, RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { AdminSession, Database } from '../../ports/database.ts'
import type { SecretStore } from '../../ports/secret-store.ts'
import { openAdmin } from '../admin.ts'
import { parseFlatVersion } from '../documents/parse-version.ts'
import type { SeenSecret } from './secret-facts.ts'
import type { FourStepTarget } from './types.ts'

/** The admin's secret is for another server. */
export class AdminElsewhere extends Error {}

/** Another visit, or another rotator, holds the lock. */
export class Locked extends Error {}

/** No version of the admin's secret logs in. */
export class NoAdmin extends Error {}

/** The servers of one secret, and the one admin session of a visit. */
export class Servers implements AsyncDisposable {
  readonly #target: FourStepTarget
  readonly #call: () => Call
  /** Is told of every password that is read. */
  readonly #learn: (password: Sensitive) => void
  #database: Database | undefined
  #session: AdminSession | undefined
  #found: { readonly store: SecretStore; readonly admin: Credential } | undefined

  constructor(target: FourStepTarget, call: () => Call, learn: (password: Sensitive) => void) {
    this.#target = target
    this.#call = call
    this.#learn = learn
  }

  /**
   * Where the secret's user logs in. Where an admin takes part, its secret is looked at first: its
   * server is the writer, and it must be that of the secret, or what that is a replica of.
   *
   * @throws AdminElsewhere
   */
  async database(seen: SeenSecret): Promise<Database> {
    this.#database ??= await this.#open(seen)
    return this.#database
  }

  async #open(seen: SeenSecret): Promise<Database> {
    const { current, replicas } = seen.document
    const own = { host: current.host, port: current.port }
    const writer = seen.masterarn === undefined ? own : await this.#writer(seen, own)
    const others = [own, ...replicas].filter((one) => !sameEndpoint(one, writer))
    const distinct = others.filter((one, at) => others.findIndex(isLike(one)) === at)
    const place = { endpoints: [writer, ...distinct], dbname: current.dbname }
    return await this.#target.openDatabase(seen.engine, place)
  }

  /**
   * Whoever may write the secret may name any admin secret in it: without this check the function
   * would bring the password of one server to another.
   */
  async #writer(seen: SeenSecret, own: DocumentEndpoint): Promise<DocumentEndpoint> {
    if (seen.strategy === 'single-user') return own
    const { store, admin } = await this.#admin(seen.masterarn ?? '')
    if (sameHost(admin.host, own.host)) return own
    const [place, problem] = await this.#related(store, { admin, own })
    if (place) return place
    const where = admin.host === '' ? 'another server' : admin.host
    throw new AdminElsewhere(
      `${store.secret} is for ${where}, the secret for ${own.host}${problem}`,
    )
  }

  /** What RDS knows of the two; where it says nothing, they are strangers. */
  async #related(
    store: SecretStore,
    { admin, own }: { readonly admin: Credential; readonly own: DocumentEndpoint },
  ): Promise<readonly [writer: DocumentEndpoint | undefined, problem: string]> {
    const { registry } = this.#target
    try {
      if (admin.host === '') return [await this.#managedWriter(store, own), '']
      const source = await registry.sourceOf(own.host, this.#call())
      const isSource = source !== undefined && sameHost(source, admin.host)
      return [isSource ? { host: admin.host, port: admin.port } : undefined, '']
    } catch (error) {
      if (!isRotatorError(error)) throw error
      return [undefined, `; RDS could not be asked whether they belong together: ${error.message}`]
    }
  }

  /**
   * Where RDS manages the admin for the secret's host, or for what that is a replica of. A replica
   * has the port of its source where nobody has given it another.
   *
   * @see Amazon RDS API reference, CreateDBInstanceReadReplica, Port
   */
  async #managedWriter(
    store: SecretStore,
    { host: own, port }: DocumentEndpoint,
  ): Promise<DocumentEndpoint | undefined> {
    const { registry } = this.#target
    const resource = (await store.owner(this.#call()))?.resource
    const hosts = resource === undefined ? [] : await registry.hostsOf(resource, this.#call())
    const [writer] = hosts
    if (writer === undefined) return undefined
    if (hosts.some((host) => sameHost(host, own))) return { host: writer, port }
    const source = await registry.sourceOf(own, this.#call())
    return source !== undefined && sameHost(source, writer) ? { host: writer, port } : undefined
  }

  async #admin(id: string): Promise<{ readonly store: SecretStore; readonly admin: Credential }> {
    if (this.#found) return this.#found
    const store = await this.#target.openSecret(id)
    const version = await store.version('AWSCURRENT', this.#call())
    if (!version) {
      const problem = 'it has no value yet'
      throw new RotatorError('ERR_STORE_UNREADABLE', { secret: id, version: 'AWSCURRENT', problem })
    }
    const admin = parseFlatVersion(version, id).document.credential
    this.#learn(admin.password)
    this.#found = { store, admin }
    return this.#found
  }

  /**
   * The admin session, with the lock of this secret.
   * @throws Locked, NoAdmin
   */
  async session(seen: SeenSecret): Promise<AdminSession> {
    this.#session ??= await this.#openSession(seen)
    return this.#session
  }

  async #openSession(seen: SeenSecret): Promise<AdminSession> {
    const database = await this.database(seen)
    const { store, admin } = await this.#admin(seen.masterarn ?? '')
    const target = lockName(seen.arn)
    const found = await openAdmin({
      ...{ store, database, known: admin, call: this.#call },
      options: { target, lock: 'take', holder: 'cuedot rotation function' },
    })
    if (!found) throw new NoAdmin(store.secret)
    const { session } = found
    if (session.lock.kind === 'own') return session
    await session[Symbol.asyncDispose]()
    throw new Locked(session.lock.kind === 'held' ? session.lock.by : 'nobody we can see')
  }

  /** Everything is asked anew. */
  async forget(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    this.#found = undefined
    this.#database = undefined
    await session?.[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.forget()
  }
}

/** The longest name of a lock. */
const LONGEST = 200

/** The end of an ARN is what tells two of them apart. */
function lockName(arn: string): string {
  return arn.slice(-LONGEST)
}

function sameEndpoint(a: DocumentEndpoint, b: DocumentEndpoint): boolean {
  return sameHost(a.host, b.host) && a.port === b.port
}

function isLike(one: DocumentEndpoint): (other: DocumentEndpoint) => boolean {
  return (other) => sameEndpoint(one, other)
}

function sameHost(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
