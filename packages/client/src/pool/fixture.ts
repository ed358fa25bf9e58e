import type { HeldCredential } from '../credentials/credentials.ts'
import { secretOf } from '../credentials/fixture.ts'
import { surroundings } from '../credentials/surroundings.ts'
import type { CredentialSource, Stage } from '../credentials/source.ts'
import type { DriverPool, PoolDriver, Then } from './driver.ts'

/** Which passwords a server in memory accepts, and what was tried. */
export class HandServer {
  readonly #accepted = new Set<string>()
  /** Versions whose login was refused, and when. */
  readonly refused: { readonly versionId: string; readonly at: number }[] = []
  #loggingIn = 0
  /** The most logins that were under way while a password ceased to work. */
  mostCaught = 0
  /** Every pool that was ever opened. */
  readonly pools: HandPool[] = []
  /** How long a login takes, in milliseconds. */
  loginMs = 5
  /** What is thrown where a pool is closed. */
  closing: Error | undefined
  /** While it is set, a pooler before it refuses everybody. */
  isAway = false

  accept(...versionIds: readonly string[]): void {
    this.mostCaught = Math.max(this.mostCaught, this.#loggingIn)
    this.#accepted.clear()
    for (const versionId of versionIds) this.#accepted.add(versionId)
  }

  /** @throws HandRefusal */
  async logIn(versionId: string): Promise<void> {
    this.#loggingIn += 1
    await new Promise<void>((resolve) => surroundings.startTimer(this.loginMs, resolve))
    this.#loggingIn -= 1
    if (this.#accepted.has(versionId) && !this.isAway) return
    this.refused.push({ versionId, at: surroundings.now() })
    throw new HandRefusal(versionId)
  }

  driver(max: number): PoolDriver<HandConnection> {
    return {
      open: (held, trial) => {
        const pool = new HandPool(this, held, { max, trial })
        this.pools.push(pool)
        return pool
      },
      line: {
        ...{ most: Infinity, tooMany: () => new Error('too many'), waitMs: 0 },
        tooLong: () => new Error('too long'),
      },
      ping: async (connection) => connection.release(),
      isRefusal: (error) => error instanceof HandRefusal,
      mayBeOutage: () => this.isAway,
    }
  }
}

/** The server in memory has refused a login. */
export class HandRefusal extends Error {}

/** A connection to the server in memory. */
export interface HandConnection {
  readonly versionId: string
  readonly pool: HandPool
  release(): void
}

/** A pool of a driver in memory. */
export class HandPool implements DriverPool<HandConnection> {
  readonly versionId: string
  /** A login beside the pool. */
  readonly trial: boolean
  readonly #server: HandServer
  readonly max: number
  readonly #idle: HandConnection[] = []
  total = 0
  busy = 0
  #freed: (() => void)[] = []
  endedAt: number | undefined

  constructor(
    server: HandServer,
    { versionId }: HeldCredential,
    { max, trial }: { readonly max: number; readonly trial: boolean },
  ) {
    this.#server = server
    this.versionId = versionId
    this.trial = trial
    this.max = trial ? 1 : max
  }

  get idle(): number {
    return this.#idle.length
  }

  checkOut(then: Then<HandConnection>): void {
    this.busy += 1
    const idle = this.#idle.pop()
    if (idle) then(undefined, idle)
    else void this.#connect(then)
  }

  async #connect(then: Then<HandConnection>): Promise<void> {
    this.total += 1
    if (this.total > this.max) throw new Error('asked for more than it may have')
    try {
      await this.#server.logIn(this.versionId)
    } catch (error) {
      this.total -= 1
      then(error)
      this.#free()
      return
    }
    const { versionId } = this
    const connection = { versionId, pool: this, release: () => this.#release(connection) }
    then(undefined, connection)
  }

  #release(connection: HandConnection): void {
    this.#idle.push(connection)
    this.#free()
  }

  #free(): void {
    this.busy -= 1
    for (const then of this.#freed) then()
  }

  /** The server closes what nobody uses. */
  loseIdle(): void {
    this.total -= this.#idle.length
    this.#idle.length = 0
    for (const then of this.#freed) then()
  }

  async prove(): Promise<void> {
    await this.#server.logIn(this.versionId)
  }

  onFreed(then: () => void): void {
    this.#freed.push(then)
  }

  async end(): Promise<void> {
    this.endedAt = surroundings.now()
    await Promise.resolve()
    if (this.#server.closing) throw this.#server.closing
  }
}

/** A secret with versions that a test moves between the labels. */
export class HandVault {
  readonly #labels = new Map<Stage, string>()
  down = false

  move(label: Stage, versionId: string): void {
    this.#labels.set(label, versionId)
  }

  readonly source: CredentialSource = async ({ stage }) => {
    await Promise.resolve()
    const versionId = this.#labels.get(stage)
    if (this.down || versionId === undefined) throw new Error('the store is down')
    return { versionId, value: secretOf(versionId) }
  }
}
