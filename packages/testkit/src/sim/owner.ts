import { RotatorError } from '../../../rotator/src/errors.ts'
import type { CredentialOwner, OwnerState } from '../../../rotator/src/ports/credential-owner.ts'
import { USERNAMES } from './names.ts'
import type { World } from './world.ts'

/** What becomes of a request for a rotation. */
export type RequestFate = 'taken' | 'answer-lost' | 'request-lost' | 'refused'

/** How an owner behaves. Times are virtual, in milliseconds. */
export interface OwnerCourse {
  /** From the request until the state shows it. Default 0. */
  readonly showsAfterMs?: number
  /** From the request until the rotation is over. Default 30,000. */
  readonly takesMs?: number
  /** How it ends. Default `rotated`. */
  readonly ends?: 'rotated' | 'impaired'
  /** By request; the last one holds for all that follow. Default `taken`. */
  readonly fates?: readonly RequestFate[]
  /** Told before each look how many there were. */
  readonly looked?: (count: number) => void
}

/** The owner of the admin's credential in a simulated world: it sets password and secret. */
export class SimOwner implements CredentialOwner {
  readonly limitMs = 600_000
  readonly pollMs = 1_000
  readonly doubtMs = 60_000
  /** Requests that were sent, and rotations that came of them. */
  sent = 0
  rotations = 0
  course: OwnerCourse
  #looks = 0
  readonly #world: World
  #begunAt: number | undefined
  #rest: 'ready' | 'impaired' = 'ready'

  constructor(world: World, course: OwnerCourse = {}) {
    this.#world = world
    this.course = course
  }

  /** The owner begins a rotation, asked or by itself. */
  begin(): void {
    this.rotations += 1
    this.#begunAt = this.#world.now
  }

  async state(): Promise<OwnerState> {
    const { showsAfterMs = 0, takesMs = 30_000, looked } = this.course
    looked?.(this.#looks++)
    const age = this.#begunAt === undefined ? undefined : this.#world.now - this.#begunAt
    if (age !== undefined && age >= takesMs) this.#end()
    else if (age !== undefined && age >= showsAfterMs) return { state: 'busy', says: 'rotating' }
    return { state: this.#rest, says: this.#rest }
  }

  #end(): void {
    const { ends = 'rotated' } = this.course
    this.#begunAt = undefined
    this.#rest = ends === 'rotated' ? 'ready' : 'impaired'
    if (ends === 'impaired') return
    const password = `owner-${this.rotations}-password`
    const { adminStore } = this.#world
    const document = adminStore.document(adminStore.truth.current)
    adminStore.overwrite(JSON.stringify({ ...document, password }))
    this.#world.setPassword(USERNAMES.admin, password)
  }

  async rotate(): Promise<void> {
    const { fates = ['taken'] } = this.course
    const fate = fates[this.sent] ?? fates.at(-1)
    this.sent += 1
    if (fate === 'refused' || this.#begunAt !== undefined)
      throw new RotatorError('ERR_OWNER_STATE', { owner: 'simulated', operation: 'rotate' })
    if (fate !== 'request-lost') this.begin()
    if (fate !== 'taken')
      throw new RotatorError('ERR_OUTCOME_UNKNOWN', { operation: 'rotate', where: 'simulated' })
  }
}
