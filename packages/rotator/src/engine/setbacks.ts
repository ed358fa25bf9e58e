import type { Action, StepName } from '../domain/action.ts'
import { isRotatorError, RotatorError } from '../errors.ts'
import type { Desk } from './desk.ts'
import type { Journal } from './journal.ts'
import type { Observer } from './observe.ts'
import type { RunResult } from './result.ts'
import { AdminLost, TargetLocked } from './session.ts'

/** Failures in a row after which a run stops trying: six seconds when nothing is open yet. */
const MOST_FAILURES = 6
/**
 * The same while a rotation is open: two minutes, for a failover of the database to pass.
 * Source: Amazon RDS user guide, "Failing over a Multi-AZ DB instance": typically 60 to 120
 * seconds.
 */
const MOST_FAILURES_OPEN = 18
const FIRST_BACKOFF_MS = 200
const LONGEST_BACKOFF_MS = 10_000

/** Steps whose final failure turns the rotation back; the others stop the run where it is. */
const TURNING: ReadonlySet<StepName> = new Set(['provision', 'set', 'publish', 'roll'])

/** Decides what an error means for the run: look again, wait and look again, turn back, or stop. */
export class Setbacks {
  readonly #desk: Desk
  readonly #observer: Observer
  readonly #journal: Journal
  #inARow = 0

  constructor(desk: Desk, observer: Observer, journal: Journal) {
    this.#desk = desk
    this.#observer = observer
    this.#journal = journal
  }

  /** An action has succeeded. */
  passed(): void {
    this.#inARow = 0
  }

  /** @returns the result when the run ends here. Rethrows what is no operational error: a bug. */
  async meet(error: unknown, action: Action | undefined): Promise<RunResult | undefined> {
    if (error instanceof TargetLocked) return this.#journal.locked(error.by)
    if (error instanceof AdminLost) return this.#adminLost()
    this.#desk.secrets.scrubError(error)
    if (!isRotatorError(error)) throw error
    this.#journal.failed(error, action)
    await this.#lookAgain()
    if (error.retry === 'never') return this.#turnOrStop(error, action)
    this.#inARow += 1
    const most = this.#journal.isOpen ? MOST_FAILURES_OPEN : MOST_FAILURES
    if (this.#inARow >= most) return this.#turnOrStop(error, action)
    await this.#backOff(error)
    return undefined
  }

  /** The store may not show yet what an earlier run wrote. */
  async #adminLost(): Promise<RunResult | undefined> {
    try {
      if (await this.#ownerIsBusy()) return undefined
    } catch (error) {
      return await this.meet(error, undefined)
    }
    if (!(await this.#desk.versions.settle())) return this.#journal.adminLost()
    await this.#lookAgain()
    return undefined
  }

  /** In the midst of its rotation an owner may have set a password that it does not show yet. */
  async #ownerIsBusy(): Promise<boolean> {
    const { owner } = this.#desk.target
    if (owner === undefined || this.#inARow >= MOST_FAILURES_OPEN) return false
    if ((await owner.state(this.#desk.call())).state !== 'busy') return false
    this.#inARow += 1
    this.#desk.ownerRequest.seen = true
    await this.#lookAgain()
    await this.#desk.clock.sleep(owner.pollMs, this.#desk.stop)
    return true
  }

  /** The action was applied again and again and the facts do not show its effect. */
  giveUp(action: Action): never {
    throw new RotatorError('ERR_NO_EFFECT', { step: action.step, slot: action.slot })
  }

  #turnOrStop(error: RotatorError, action: Action | undefined): RunResult | undefined {
    const { evidence } = this.#desk
    const turns = action && (TURNING.has(action.step) || error.code === 'ERR_POOLER')
    if (action === undefined || turns !== true || evidence.trouble)
      return this.#journal.stopped(error)
    evidence.trouble = { step: action.step, code: error.code }
    this.#inARow = 0
    return undefined
  }

  /** Whatever failed may have happened: nothing that was known before is believed. */
  async #lookAgain(): Promise<void> {
    this.#observer.forgetAll()
    await this.#desk.doubt()
  }

  async #backOff(error: RotatorError): Promise<void> {
    const inMs = Math.min(FIRST_BACKOFF_MS * 2 ** (this.#inARow - 1), LONGEST_BACKOFF_MS)
    this.#desk.emit({ code: 'RETRYING', error: error.code, inMs, attempt: this.#inARow })
    await this.#desk.clock.sleep(inMs, this.#desk.stop)
  }
}
