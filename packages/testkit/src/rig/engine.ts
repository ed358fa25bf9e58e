import type { Credential } from '@cuedot/client/protocol'

/** One open connection of a consumer. */
export interface ConsumerConnection {
  work(): Promise<void>
  close(): Promise<void>
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
  /** Logs in as a consumer would. Rejects when the server refuses. */
  connect(credential: Pick<Credential, 'username' | 'password'>): Promise<ConsumerConnection>
  /** Everything that the server has logged, every statement among it. */
  log(): Promise<string>
  /**
   * Connections and statements that cuedot itself has made so far, counted from the server's log.
   */
  cost(): Promise<{ readonly connections: number; readonly statements: number }>
}
