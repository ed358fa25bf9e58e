import { REFUSALS } from '../../domain/refusals.ts'
import type { RefusalCode } from '../../domain/refusals.ts'
import type { KnownSecrets } from '../../engine/secrets.ts'
import { AdminLost } from '../../engine/session.ts'
import { isRotatorError } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'

/** What came of one check. */
export interface Check {
  readonly check: string
  readonly ok: boolean
  /** What was found. */
  readonly what: string
  readonly code?: ErrorCode | RefusalCode
  /** What to do about it. */
  readonly hint?: string
  /** True when the same may succeed later without anybody changing anything. */
  readonly mayPass?: boolean
}

/** A check that found a state in which a rotation would be refused. */
class Refusal extends Error {
  readonly refusal: RefusalCode

  constructor(refusal: RefusalCode, what: string) {
    super(what)
    this.refusal = refusal
  }
}

/** Collects what the checks found; operational errors are findings, everything else is a bug. */
export class Checklist {
  readonly #secrets: KnownSecrets
  readonly #all: Check[] = []

  constructor(secrets: KnownSecrets) {
    this.#secrets = secrets
  }

  /** In the order in which they were made. */
  get all(): readonly Check[] {
    return this.#all
  }

  passed(check: string, what: string): void {
    this.#all.push({ check, ok: true, what })
  }

  refuse(code: RefusalCode, what: string): never {
    throw new Refusal(code, what)
  }

  /**
   * Runs one check.
   * @param work - may return what it found, to be told instead of `what`.
   * @returns whether it passed
   */
  async run(check: string, what: string, work: () => Promise<string | void>): Promise<boolean> {
    try {
      const found = await work()
      this.passed(check, typeof found === 'string' ? found : what)
      return true
    } catch (error) {
      this.#all.push({ check, ok: false, ...this.#describe(error) })
      return false
    }
  }

  #describe(error: unknown): Omit<Check, 'check' | 'ok'> {
    if (error instanceof AdminLost) return refused(error.code, REFUSALS[error.code].what)
    if (error instanceof Refusal) return refused(error.refusal, error.message)
    if (!isRotatorError(error)) throw error
    const { code, hint, retry } = error
    return { what: this.#secrets.scrub(error.message), code, hint, mayPass: retry === 'safe' }
  }
}

function refused(code: RefusalCode, what: string): Omit<Check, 'check' | 'ok'> {
  return { what, code, hint: REFUSALS[code].hint, mayPass: false }
}
