import type { Action } from '../domain/action.ts'
import { sameAction } from '../domain/action.ts'
import { decide } from '../domain/decide.ts'
import { assertSafe } from '../domain/invariants.ts'
import type { Observed } from '../domain/observed.ts'
import { narrowIntent } from '../domain/plan.ts'
import type { Decision, Intent } from '../domain/plan.ts'
import type { Target } from '../ports/target.ts'
import { RUNBOOK } from '../steps/runbook.ts'
import { admit, auditTrouble } from './admission.ts'
import { Desk } from './desk.ts'
import type { Environment } from './environment.ts'
import { Journal } from './journal.ts'
import { Observer } from './observe.ts'
import type { RunResult } from './result.ts'
import { Setbacks } from './setbacks.ts'

/**
 * No rotation needs more turns of the loop; reaching it is a bug or a world that never holds still.
 */
const MOST_TURNS = 600

/** An action that was applied this often without having its effect is given up. */
const MOST_REPEATS = 5

/**
 * Brings a target to where the intent wants it: observe, decide, apply one action, observe again.
 *
 * Nothing is resumed: a run that finds an interrupted rotation computes what is due from the facts.
 * The outcome is returned, whatever it is; only a broken invariant or a bug throws.
 */
export async function run(target: Target, intent: Intent, env: Environment): Promise<RunResult> {
  const desk = new Desk(target, env, 'take')
  try {
    return await new Run(desk, intent).finish()
  } finally {
    await desk.sessions.drop()
  }
}

class Run {
  readonly #desk: Desk
  readonly #observer: Observer
  readonly #journal: Journal
  readonly #setbacks: Setbacks
  readonly #asked: Intent
  #intent: Intent
  /** True once this run has seen the target for the first time. */
  #looked = false
  /** True from the first action on. */
  #acting = false
  #last: { action: Action; times: number } | undefined

  constructor(desk: Desk, intent: Intent) {
    this.#desk = desk
    this.#asked = intent
    this.#intent = intent
    this.#observer = new Observer(desk)
    this.#journal = new Journal(desk, intent)
    this.#setbacks = new Setbacks(desk, this.#observer, this.#journal)
  }

  async finish(): Promise<RunResult> {
    const unrecorded = auditTrouble(this.#desk)
    if (unrecorded) return this.#journal.stopped(unrecorded)
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      if (this.#desk.stop.aborted) return this.#journal.interrupted()
      const result = await this.#turn()
      if (result) return result
    }
    throw new Error('I5: the target does not settle')
  }

  async #turn(): Promise<RunResult | undefined> {
    let action: Action | undefined
    try {
      const observed = await this.#observer.observe()
      this.#journal.observed(observed)
      this.#intent = narrowIntent(this.#intent, observed)
      const decision = decide(observed, this.#intent)
      if (await this.#doubtful(observed, decision)) return undefined
      if (decision.kind === 'settled') return this.#journal.settled()
      if (decision.kind === 'refused') return this.#journal.refused(decision, this.#observer)
      action = decision.action
      if (this.#mustLookAgain(action)) return undefined
      const end = this.#admit(observed)
      if (end) return end
      assertSafe(observed, action)
      await this.#apply(action)
      return undefined
    } catch (error) {
      return this.#setbacks.meet(error, action)
    }
  }

  /** A store that may lag behind is given time before anything is concluded from what it lacks. */
  async #doubtful(observed: Observed, decision: Decision): Promise<boolean> {
    const found = !this.#looked && isOpen(observed)
    this.#looked = true
    if (decision.kind !== 'refused' && !found && !lacksPassword(observed)) return false
    if (!(await this.#desk.versions.settle())) return false
    await this.#desk.doubt()
    this.#observer.forgetAll()
    return true
  }

  /** An action that could hurt somebody is taken only on facts from after the action before it. */
  #mustLookAgain(action: Action): boolean {
    const stale = this.#observer.staleAmong(RUNBOOK[action.step].requires)
    this.#observer.forget(stale)
    return stale.length > 0
  }

  #admit(observed: Observed): RunResult | undefined {
    if (this.#acting) return undefined
    const admission = admit(this.#desk, observed, this.#asked)
    switch (admission.kind) {
      case 'go':
        this.#acting = true
        return undefined
      case 'done':
        return this.#journal.carriedOut(admission.plan)
      case 'refused':
        return this.#journal.refused(admission, this.#observer)
      case 'failed':
        return this.#journal.stopped(admission.error)
    }
  }

  async #apply(action: Action): Promise<void> {
    const step = RUNBOOK[action.step]
    const times = this.#last && sameAction(this.#last.action, action) ? this.#last.times : 0
    if (times >= MOST_REPEATS) return this.#setbacks.giveUp(action)
    await this.#journal.applied(action, step.title, () => step.apply(action, this.#desk))
    this.#last = { action, times: times + 1 }
    if (action.step === 'flip') this.#desk.evidence.consumersMoved()
    this.#observer.acted(step.touches)
    this.#setbacks.passed()
  }
}

/** Somebody was here before and may have gone on after what the store shows now. */
function isOpen(observed: Observed): boolean {
  if (observed.strategy === 'managed') return false
  if (observed.strategy === 'single-user') return observed.pending !== 'none'
  return observed.store.pending !== 'none' || observed.store.rotation !== undefined
}

/** True when the document knows no password for a user that exists. */
function lacksPassword(observed: Observed): boolean {
  if (observed.strategy === 'managed') return !observed.login.current
  if (observed.strategy === 'single-user') return !observed.login.current && !observed.login.pending
  const { store, login, placeholder, standbyUser, initial } = observed
  if (observed.stray) return true
  return (['A', 'B'] as const).some((slot) => {
    const isAbsent = slot === store.active ? initial?.activeAbsent : standbyUser === 'absent'
    // Whoever makes the first user has recorded a rotation, and staged its password.
    const isKnown = placeholder[slot] && (initial === undefined || store.rotation !== undefined)
    const { current, pending, locked } = login[slot]
    const expected = store.pending === 'open' && slot === store.rotation?.to
    return isAbsent !== true && !isKnown && !expected && !current && !pending && !locked
  })
}
