import { sameCredential } from '../credentials/read-credential.ts'
import { surroundings } from '../credentials/surroundings.ts'
import type { Credential } from '../protocol/credential.ts'

interface Refusal {
  readonly credential: Credential
  readonly times: number
  /** Not to be tried again before this moment. */
  readonly until: number
}

const FIRST_REST_MS = 5_000
const LONGEST_REST_MS = 300_000

/** Of so many credentials it is known when they were refused. */
const MOST_KNOWN = 16

/**
 * Which credentials the server has refused. Each rests 5 s before it is tried again, then twice as
 * long, at most five minutes: nobody is locked out by an application that cannot log in.
 */
export class Refusals {
  #known: readonly Refusal[] = []

  mayTry(credential: Credential): boolean {
    const until = this.#of(credential)?.until
    return until === undefined || surroundings.now() >= until
  }

  /** @param isSure - false: it may be an outage, which must not be longer for the rest after it */
  refused(credential: Credential, isSure: boolean): void {
    const before = this.#of(credential)?.times ?? 0
    const times = isSure ? before + 1 : before
    const restMs = isSure ? Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** before) : FIRST_REST_MS
    const refusal = { credential, times, until: surroundings.now() + restMs }
    this.#known = [refusal, ...this.#without(credential)].slice(0, MOST_KNOWN)
  }

  accepted(credential: Credential): void {
    this.#known = this.#without(credential)
  }

  #of(credential: Credential): Refusal | undefined {
    return this.#known.find((known) => sameCredential(known.credential, credential))
  }

  #without(credential: Credential): readonly Refusal[] {
    return this.#known.filter((known) => !sameCredential(known.credential, credential))
  }
}
