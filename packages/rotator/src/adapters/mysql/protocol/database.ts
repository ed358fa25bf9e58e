import type { Credential, Sensitive } from '@cuedot/client/protocol'
import type { Call } from '../../../ports/call.ts'
import type { AdminOptions, AdminSession, Database, LoginAnswer } from '../../../ports/database.ts'
import { RotatorError, isRotatorError } from '../../../errors.ts'
import type { Endpoint, TlsSetting } from '../../common/tls.ts'
import { ProtocolAdminSession } from './admin-session.ts'
import { labelOf, openConnection } from './connection.ts'
import type { Connection, Opened } from './connection.ts'
import type { Dialect } from './dialect.ts'
import { lockTarget } from './lock.ts'
import { assertWriter } from './writer.ts'

/** Where a server is and how to talk to it. */
export interface DatabaseOptions {
  /** The writer first. Not empty. */
  readonly endpoints: readonly Endpoint[]
  /** Where logins are proven besides. Never asked for sessions or locks. Default: none. */
  readonly poolers?: readonly Endpoint[]
  /** The database that logins are proven with where the credential names none. Empty: none. */
  readonly dbname: string
  readonly tls: TlsSetting
  /** For TCP, TLS and login together, in milliseconds. Default 5000. */
  readonly connectTimeoutMs?: number
}

/** `program_name` of sessions that belong to no run. */
const PROGRAM = 'cuedot'

/** A server of this protocol as the rotator needs it. Opens nothing until it is used. */
export class ProtocolDatabase implements Database {
  readonly endpoints: readonly string[]
  readonly poolers: readonly string[]
  readonly longestUsername: number
  readonly #options: DatabaseOptions
  /** All that a login is proven through. */
  readonly #doors: readonly Endpoint[]
  readonly #dialect: Dialect

  constructor(options: DatabaseOptions, dialect: Dialect) {
    this.#options = options
    this.#dialect = dialect
    this.#doors = [...options.endpoints, ...(options.poolers ?? [])]
    this.endpoints = options.endpoints.map(labelOf)
    this.poolers = (options.poolers ?? []).map(labelOf)
    this.longestUsername = dialect.longestUsername
  }

  async login(credential: Credential, endpoint: string, call: Call): Promise<LoginAnswer> {
    const where = this.#doors.find((candidate) => labelOf(candidate) === endpoint)
    if (where === undefined) throw new TypeError(`${endpoint} is no endpoint of this database`)
    const dbname = credential.dbname === '' ? this.#options.dbname : credential.dbname
    const opened = await this.#open(credential, { endpoint: where, dbname, program: PROGRAM }, call)
    if (opened.answer !== 'accepted') return opened.answer
    try {
      const query = { operation: 'prove the login', sql: 'SELECT 1' }
      await opened.connection.run(query, call).catch(nothingWasChanged)
      return 'accepted'
    } catch (error) {
      if (isRotatorError(error) && error.code === 'ERR_DB_AUTH') return 'denied'
      throw error
    } finally {
      await opened.connection.close()
    }
  }

  async changeOwnPassword(credential: Credential, password: Sensitive, call: Call): Promise<void> {
    const where = { endpoint: this.#writer, program: PROGRAM }
    const connection = await this.#openPrepared(credential, where, call)
    try {
      await assertWriter(connection, call).catch(nothingWasChanged)
      const change = { current: credential.password, password }
      await this.#dialect.changeOwnPassword(connection, change, call)
    } finally {
      await connection.close()
    }
  }

  async admin(credential: Credential, options: AdminOptions, call: Call): Promise<AdminSession> {
    const [, ...others] = this.#options.endpoints
    const open = (endpoint: Endpoint, until: Call): Promise<Connection> =>
      this.#openPrepared(credential, { endpoint, program: options.holder }, until)
    const writer = await open(this.#writer, call)
    try {
      await assertWriter(writer, call).catch(nothingWasChanged)
      const lock = await lockTarget(writer, options, call).catch(nothingWasChanged)
      const openReaders = (until: Call): Promise<readonly Connection[]> =>
        openAll(others, (endpoint) => open(endpoint, until))
      const { target } = options
      const dialect = this.#dialect
      return new ProtocolAdminSession({ writer, lock, target, dialect, openReaders })
    } catch (error) {
      writer.destroy()
      throw error
    }
  }

  get #writer(): Endpoint {
    const [first] = this.#options.endpoints
    if (first === undefined) throw new TypeError('a database has at least one endpoint')
    return first
  }

  async #openPrepared(
    credential: Credential,
    where: { readonly endpoint: Endpoint; readonly program: string },
    call: Call,
  ): Promise<Connection> {
    const opened = await this.#open(credential, { ...where, dbname: '' }, call)
    if (opened.answer !== 'accepted') {
      const endpoint = labelOf(where.endpoint)
      throw new RotatorError('ERR_DB_AUTH', { endpoint, username: credential.username })
    }
    try {
      await this.#dialect.prepare(opened.connection, call).catch(nothingWasChanged)
      return opened.connection
    } catch (error) {
      opened.connection.destroy()
      throw error
    }
  }

  async #open(
    { username, password }: Credential,
    where: { readonly endpoint: Endpoint; readonly dbname: string; readonly program: string },
    call: Call,
  ): Promise<Opened> {
    const { tls, connectTimeoutMs: timeoutMs = 5000 } = this.#options
    return await openConnection({ ...where, username, password, tls, timeoutMs }, call)
  }
}

/** Opens all or none. */
async function openAll(
  endpoints: readonly Endpoint[],
  open: (endpoint: Endpoint) => Promise<Connection>,
): Promise<readonly Connection[]> {
  const results = await Promise.allSettled(endpoints.map(open))
  const connections = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const failed = results.find((each) => each.status === 'rejected')
  if (failed === undefined) return connections
  for (const connection of connections) connection.destroy()
  throw failed.reason
}

/** A question without effect that got no answer leaves nothing unknown: the server is away. */
function nothingWasChanged(error: unknown): never {
  if (!isRotatorError(error) || error.code !== 'ERR_OUTCOME_UNKNOWN') throw error
  const reason = `no answer to: ${error.details.operation}`
  throw new RotatorError('ERR_DB_UNREACHABLE', { endpoint: error.details.where, reason })
}
