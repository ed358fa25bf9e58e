import type { Credential, Sensitive } from '@cuedot/client/protocol'
import type { Call } from '../../ports/call.ts'
import type { AdminOptions, AdminSession, Database, LoginAnswer } from '../../ports/database.ts'
import type { Endpoint, TlsSetting } from '../common/tls.ts'
import { openAdminSession } from './admin-session.ts'
import { nameOf } from './link.ts'
import { login } from './login.ts'
import { changeOwnPassword } from './own-password.ts'

/** How to reach a PostgreSQL database. */
export interface PostgresOptions {
  /** The writer first, then replicas. At least one. */
  readonly endpoints: readonly Endpoint[]
  /** Where logins are proven besides. Never asked for sessions or locks. Default: none. */
  readonly poolers?: readonly Endpoint[]
  /** The database whose privileges count and whose locks are taken. Empty: `postgres`. */
  readonly dbname: string
  readonly tls: TlsSetting
  /** Milliseconds until opening a connection counts as failed. Default 10,000. */
  readonly connectTimeoutMs?: number
}

const CONNECT_TIMEOUT_MS = 10_000

/** PostgreSQL behind the `Database` port. Connections are verified TLS, or loopback. */
export function postgresDatabase(options: PostgresOptions): Database {
  const common = {
    dbname: options.dbname === '' ? 'postgres' : options.dbname,
    tls: options.tls,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
  }
  const doors = [...options.endpoints, ...(options.poolers ?? [])]
  return {
    endpoints: options.endpoints.map(nameOf),
    poolers: (options.poolers ?? []).map(nameOf),
    longestUsername: 63,
    async login(credential: Credential, name: string, call: Call): Promise<LoginAnswer> {
      const endpoint = doors.find((one) => nameOf(one) === name)
      if (!endpoint) throw new TypeError(`${name} is not an endpoint of this database`)
      return await login({ ...common, endpoint, credential, application: 'cuedot' }, call)
    },
    async changeOwnPassword(
      credential: Credential,
      password: Sensitive,
      call: Call,
    ): Promise<void> {
      const [writer] = options.endpoints
      if (!writer) throw new TypeError('a database needs an endpoint')
      await changeOwnPassword({ ...common, credential, writer }, password, call)
    },
    async admin(
      credential: Credential,
      adminOptions: AdminOptions,
      call: Call,
    ): Promise<AdminSession> {
      const [writer, ...readers] = options.endpoints
      if (!writer) throw new TypeError('a database needs an endpoint')
      return await openAdminSession(
        { ...common, credential, ...adminOptions, writer, readers },
        call,
      )
    },
  }
}
