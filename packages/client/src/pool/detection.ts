import type { HeldCredential } from '../credentials/credentials.ts'
import { sameCredential } from '../credentials/read-credential.ts'
import { surroundings } from '../credentials/surroundings.ts'

/** How long it takes until a credential that has changed serves. */
export class Detection {
  #refusedAt: number | undefined

  /** The server has refused a login with what serves. */
  refused(): void {
    this.#refusedAt ??= surroundings.now()
  }

  /**
   * @returns the seconds since the version that serves now was made, else its password; where
   *   nobody says, or it is an older one, since the first refusal of the one before. Undefined
   *   where there was none, and where it is the same credential
   */
  swapped(now: HeldCredential, before: HeldCredential): number | undefined {
    const refusedAt = this.#refusedAt
    this.#refusedAt = undefined
    if (sameCredential(now.credential, before.credential)) return undefined
    const madeAt = momentOf(now)
    if (madeAt > (momentOf(before) || -Infinity))
      return Math.max(0, surroundings.date().getTime() - madeAt) / 1_000
    return refusedAt === undefined ? undefined : (surroundings.now() - refusedAt) / 1_000
  }
}

/** In milliseconds; not a number where it is not known. */
function momentOf({ createdAt, credential: { changedAt = '' } }: HeldCredential): number {
  return createdAt?.getTime() ?? Date.parse(changedAt)
}
