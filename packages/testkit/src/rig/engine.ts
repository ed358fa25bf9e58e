import type { Credential } from '@cuedot/client/protocol'

/** One open connection of a consumer. */
export interface ConsumerConnection {
  work(): Promise<void>
  close(): Promise<void>
}

/** A session that may do everything. */
export interface RootSession extends AsyncDisposable {
  ask(statement: string): Promise<readonly (readonly unknown[])[]>
}

/** How the server of a rig is set up. */
export interface RigServer {
  /** Default: 40 for PostgreSQL, 100 for MariaDB and MySQL. */
  readonly maxConnections?: number
}

/** A database server for a rig, with both users of an alternating target in it. */
export interface RigEngine extends AsyncDisposable {
  readonly engine: 'postgres' | 'mariadb' | 'mysql'
  readonly host: string
  readonly port: number
  readonly dbname: string
  /** What consumers connect to instead of the server, as `host:port`. */
  readonly pooler?: string
  /** For `tls.ca`. */
  readonly caFile: string
  readonly admin: Credential
  readonly slots: Readonly<Record<'A' | 'B', Credential>>
  /** Logs in as a consumer would, and tells the version. Rejects when the server refuses. */
  connect(
    credential: Pick<Credential, 'username' | 'password' | 'version'>,
  ): Promise<ConsumerConnection>
  /** Opens a session as a superuser. */
  root(): Promise<RootSession>
  /** Kills the server, where it still runs, and starts it again. */
  restart(): Promise<void>
  /** The server's own folder: data and logs are in it. */
  readonly dir: string
  /** The file with every statement; it only grows. */
  readonly logFile: string
  /** Everything that the server has logged, every statement among it. */
  log(): Promise<string>
  /**
   * Connections and statements that cuedot itself has made so far, counted from the server's log.
   */
  cost(): Promise<{ readonly connections: number; readonly statements: number }>
}
