import type { HeldCredential } from '../credentials/credentials.ts'
import { sameCredential } from '../credentials/read-credential.ts'
import type { Timers } from '../credentials/timers.ts'
import type { DriverPool } from './driver.ts'
import type { LoginGate } from './login-gate.ts'

/** How a pool of the driver has ended. */
export interface Ending {
  /** `limit`: the time for draining was over, and what was still in use has been cut off. */
  readonly why: 'unused' | 'limit'
  /** What the driver said where it could not close the pool; absent where it could. */
  readonly error?: unknown
}

/** One pool of the driver between the swap that has brought it and its end. */
export class Generation<C> {
  readonly held: HeldCredential
  readonly pool: DriverPool<C>
  readonly gate: LoginGate
  /** Logins that the pool has not been asked for yet. */
  #atGate = 0

  constructor(held: HeldCredential, pool: DriverPool<C>, gate: LoginGate) {
    this.held = held
    this.pool = pool
    this.gate = gate
  }

  get name(): { readonly versionId: string; readonly username: string } {
    return { versionId: this.held.versionId, username: this.held.credential.username }
  }

  /** True when its connections say of themselves what those of `other` would say. */
  isFor(other: HeldCredential): boolean {
    const { credential } = this.held
    return (
      sameCredential(credential, other.credential) &&
      credential.version === other.credential.version
    )
  }

  /** There may be another connection. */
  get hasRoom(): boolean {
    return this.pool.total + this.#atGate < this.pool.max
  }

  /** A new connection, after whoever logs in already. */
  async logIn(): Promise<C> {
    this.#atGate += 1
    let isThrough = false
    const goThrough = (): void => {
      if (!isThrough) this.#atGate -= 1
      isThrough = true
    }
    const login = async (): Promise<C> => {
      goThrough()
      const { promise, resolve, reject } = Promise.withResolvers<C>()
      this.pool.checkOut((error, connection) => {
        if (connection === undefined) reject(error)
        else resolve(connection)
      })
      return await promise
    }
    return await this.gate.pass(login).finally(goThrough)
  }

  /** Ends the pool once nobody uses it, or when the time is over. */
  async drain(drainMs: number, timers: Timers): Promise<Ending> {
    const { promise: quiet, resolve } = Promise.withResolvers<Ending['why']>()
    const look = (): void => {
      if (this.pool.busy === 0) resolve('unused')
    }
    this.pool.onFreed(look)
    look()
    const cancel = timers.start(drainMs, () => resolve('limit'))
    const why = await quiet
    cancel()
    try {
      await this.pool.end()
      return { why }
    } catch (error) {
      return { why, error }
    }
  }
}
