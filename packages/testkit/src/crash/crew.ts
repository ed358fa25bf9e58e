import type { Login } from '../rig/consumers.ts'

/** Whoever uses the credential in a world: none of them may ever be refused. */
export interface Crew {
  /** Every refused login and every failed statement so far. */
  readonly failures: readonly string[]
  /** Has everybody who is there work once, now. */
  work(): Promise<void>
  /** What everybody holds, and what whoever comes next will find: each has to log in now. */
  logins(): Promise<readonly Login[]>
  /** Everybody begins with what is published. */
  start(): Promise<void>
  stop(): Promise<void>
}
