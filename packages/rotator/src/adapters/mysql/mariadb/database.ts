import type { Credential } from '@cuedot/client/protocol'
import type { Call } from '../../../ports/call.ts'
import type { AdminOptions, AdminSession, Database, LoginAnswer } from '../../../ports/database.ts'
import { RotatorError, isRotatorError } from '../../../errors.ts'
import type { Endpoint, TlsSetting } from '../../shared/tls.ts'
import { labelOf, openConnection } from '../protocol/connection.ts'
import type { Connection, Opened } from '../protocol/connection.ts'
import { lockTarget } from '../protocol/lock.ts'
import { SESSION_MODE } from '../protocol/sql.ts'
import { MariadbAdminSession } from './admin-session.ts'

/** Where a MariaDB server is and how to talk to it. */
export interface MariadbOptions {
  /** The writer first. Not empty. */
  readonly endpoints: readonly Endpoint[]
  /** The database that logins are proven with where the credential names none. Empty: none. */
  readonly dbname: string
  readonly tls: TlsSetting
  /** For TCP, TLS and login together, in milliseconds. Default 5000. */
  readonly connectTimeoutMs?: number
}

/**
 * A MariaDB server, 10.4 or newer, as the rotator needs it. Opens nothing until it is used.
 *
 * With `tls: off`, MariaDB before 11 answers a login that should have used TLS exactly like one
 * with a wrong password (error 1045), so `login` then says `denied`.
 */
export function mariadbDatabase(options: MariadbOptions): Database {
  return new MariadbDatabase(options)
}

class MariadbDatabase implements Database {
  readonly endpoints: readonly string[]
  readonly #options: MariadbOptions

  constructor(options: MariadbOptions) {
    this.#options = options
    this.endpoints = options.endpoints.map(labelOf)
  }

  async login(credential: Credential, endpoint: string, call: Call): Promise<LoginAnswer> {
    const where = this.#options.endpoints.find((candidate) => labelOf(candidate) === endpoint)
    if (where === undefined) throw new TypeError(`${endpoint} is no endpoint of this database`)
    const dbname = credential.dbname === '' ? this.#options.dbname : credential.dbname
    const opened = await this.#open(
      credential,
      { endpoint: where, dbname, program: 'cuedot' },
      call,
    )
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

  async admin(credential: Credential, options: AdminOptions, call: Call): Promise<AdminSession> {
    const [first, ...others] = this.#options.endpoints
    if (first === undefined) throw new TypeError('a database has at least one endpoint')
    const open = (endpoint: Endpoint, until: Call): Promise<Connection> =>
      this.#openAdmin(credential, { endpoint, program: options.holder }, until)
    const writer = await open(first, call)
    try {
      const lock = await lockTarget(writer, options, call).catch(nothingWasChanged)
      const openReaders = (until: Call): Promise<readonly Connection[]> =>
        openAll(others, (endpoint) => open(endpoint, until))
      return new MariadbAdminSession({ writer, lock, target: options.target, openReaders })
    } catch (error) {
      writer.destroy()
      throw error
    }
  }

  async #openAdmin(
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
      await prepare(opened.connection, call).catch(nothingWasChanged)
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

/**
 * Settings of an admin session. A statement that waits for another one, a backup's lock for
 * instance, must be given up by the server itself: left alone it would come through minutes after
 * the rotator stopped waiting and change a password behind its back. `lock_wait_timeout` does not
 * hold for ALTER USER behind FLUSH TABLES WITH READ LOCK; `max_statement_time` does
 * (mariadb.int.test.ts). The server must not end the session, and with it the lock, while a rollout
 * takes its time.
 */
async function prepare(connection: Connection, call: Call): Promise<void> {
  const sql =
    `SET SESSION sql_mode = '${SESSION_MODE}', sql_quote_show_create = 1,` +
    ` max_statement_time = ${STATEMENT_SECONDS}, wait_timeout = 86400`
  await connection.run({ operation: 'prepare the session', sql }, call)
  const [row] = await connection.run({ operation: 'ask for the version', sql: VERSION }, call)
  const version = String(row?.[0])
  if (/^(?:5\.5\.5-)?(?:10\.(?:[4-9]|1\d)|1[1-9]|[2-9]\d)\.\d.*mariadb/i.test(version)) return
  throw new RotatorError('ERR_DB_UNSUPPORTED', {
    endpoint: connection.endpoint,
    problem: `the server is ${version}; MariaDB 10.4 or newer is needed`,
  })
}

const STATEMENT_SECONDS = 5
const VERSION = 'SELECT VERSION()'

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
