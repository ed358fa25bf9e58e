import { randomBytes } from 'node:crypto'
import type { ManagedSecrets } from './secrets-manager.ts'

/**
 * How far a rotation has come. AWS documents that RDS makes a new version of the secret and changes
 * the password of the database to match, and what `SecretStatus` says meanwhile; not in which order
 * the labels and the password change. This is the order of the rotation templates of AWS.
 * - `taken`: the request was answered; nothing shows yet.
 * - `begun`: the status says `rotating`.
 * - `staged`: the new version is AWSPENDING.
 * - `set`: the database has the new password, and only that one.
 * - `current`: the new version is AWSCURRENT.
 * - `over`: the status says `active`.
 */
export const PHASES = ['taken', 'begun', 'staged', 'set', 'current', 'over'] as const

/** One of {@link PHASES}. */
export type RotationPhase = (typeof PHASES)[number]

/** The credential that is rotated. */
export interface Rotated {
  readonly secrets: ManagedSecrets
  /** Name of the secret. */
  readonly secret: string
  readonly username: string
  /** Makes the real database accept this password and no other. */
  setPassword(username: string, password: string): Promise<void>
}

/** Takes rotations through their phases, stopping where it is told to. */
export class RotationMachine {
  readonly #rotated: Rotated
  #status: 'active' | 'rotating' | 'impaired' = 'active'
  #phase: RotationPhase = 'over'
  #hold: RotationPhase | undefined
  #breaks = false
  #released = Promise.withResolvers<void>()
  #listeners: (() => void)[] = []
  #running: Promise<void> = Promise.resolve()
  #count = 0

  constructor(rotated: Rotated) {
    this.#rotated = rotated
  }

  get status(): string {
    return this.#status
  }

  /** A rotation has begun and is not over. */
  get isRunning(): boolean {
    return this.#phase !== 'over'
  }

  /** How many requests were taken since the start. */
  get count(): number {
    return this.#count
  }

  /** The next rotation stops after this phase until `release`. */
  holdAt(phase: RotationPhase): void {
    this.#hold = phase
    this.#released = Promise.withResolvers()
  }

  release(): void {
    this.#hold = undefined
    this.#released.resolve()
  }

  /** The next rotation ends after `begun` with the status `impaired` and changes nothing. */
  breakNext(): void {
    this.#breaks = true
  }

  /** Resolves when the rotation with this number is in this phase, or past it. */
  async reached(phase: RotationPhase, number = 1): Promise<void> {
    const isThere = (): boolean =>
      this.#count > number ||
      (this.#count === number && PHASES.indexOf(this.#phase) >= PHASES.indexOf(phase))
    while (!isThere()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#listeners.push(resolve)
      await promise
    }
  }

  /** Takes a request; the rotation goes on by itself. */
  begin(): void {
    this.#count += 1
    this.#phase = 'taken'
    this.#running = this.#run()
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    this.release()
    await this.#running
  }

  async #run(): Promise<void> {
    const { secrets, secret, username, setPassword } = this.#rotated
    await this.#enter('taken')
    this.#status = 'rotating'
    await this.#enter('begun')
    if (this.#breaks) {
      this.#breaks = false
      return this.#end('impaired')
    }
    const password = randomBytes(15).toString('hex')
    const id = secrets.stage(secret, JSON.stringify({ username, password }))
    await this.#enter('staged')
    await setPassword(username, password)
    await this.#enter('set')
    secrets.promote(secret, id)
    await this.#enter('current')
    this.#end('active')
  }

  #end(status: 'active' | 'impaired'): void {
    this.#status = status
    this.#tell('over')
  }

  async #enter(phase: RotationPhase): Promise<void> {
    this.#tell(phase)
    if (this.#hold === phase) await this.#released.promise
  }

  #tell(phase: RotationPhase): void {
    this.#phase = phase
    for (const listener of this.#listeners.splice(0)) listener()
  }
}
