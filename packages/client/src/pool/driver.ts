import type { HeldCredential } from '../credentials/credentials.ts'

/** Called once, with an error or with a connection. */
export type Then<C> = (error: unknown, connection?: C) => void

/** A pool of the driver, all of whose connections log in with one credential. */
export interface DriverPool<C> {
  /** Connections that are open or being opened. */
  readonly total: number
  /** Connections that nobody uses and nobody was promised. */
  readonly idle: number
  /** The most connections that it may have. */
  readonly max: number
  /** Connections that are handed out or were promised. */
  readonly busy: number
  /** Hands out an idle connection, else a new one. Asked only where it can do one of them. */
  checkOut(then: Then<C>): void
  /** Makes a round trip to the server. Rejects with the error of the driver. */
  prove(): Promise<void>
  /** Calls `then` whenever somebody may be served who could not be before, or `busy` has fallen. */
  onFreed(then: () => void): void
  /** Closes all connections, whoever has them. */
  end(): Promise<void>
}

/** What a driver says to those for whom there is no connection. */
export interface LineRules {
  /** So many may wait. */
  readonly most: number
  /** Somebody has begun to wait. */
  readonly onWait?: () => void
  readonly tooMany: () => Error
  /** Longest wait in milliseconds; 0: without limit. */
  readonly waitMs: number
  readonly tooLong: () => Error
}

/** What is to be known of a driver. */
export interface PoolDriver<C> {
  /**
   * A pool that has not logged in yet.
   *
   * @param trial - true: of one connection, that is closed soon
   */
  open(held: HeldCredential, trial: boolean): DriverPool<C>
  readonly line: LineRules
  /** Makes a round trip on a connection that was checked out, and gives it back. */
  ping(connection: C): Promise<void>
  /**
   * True when the server has refused the user or the password: nothing that the connection was
   * wanted for can have happened.
   */
  isRefusal(error: unknown): boolean
  /** True for a refusal that may as well say that there is no server: a pooler’s. Default: none */
  mayBeOutage?(refusal: unknown): boolean
}
