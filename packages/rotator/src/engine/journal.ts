import type { Action } from '../domain/action.ts'
import type { Observed, TwoSlotFacts } from '../domain/observed.ts'
import type { Decision, Intent } from '../domain/plan.ts'
import { REFUSALS } from '../domain/refusals.ts'
import { ERROR_CATALOGUE } from '../error-catalogue.ts'
import { RotatorError } from '../errors.ts'
import { describeSessions } from '../steps/drain.ts'
import type { Desk } from './desk.ts'
import type { Observer } from './observe.ts'
import { lostCode } from './session.ts'
import { describeState } from './result.ts'
import type { AppliedAction, Failure, Outcome, RunResult } from './result.ts'

/** Keeps the account of one run: what was applied, what failed, and at the end what to tell. */
export class Journal {
  readonly #desk: Desk
  readonly #intent: Intent
  readonly #begun: number
  readonly #actions: AppliedAction[] = []
  readonly #failures: Failure[] = []
  /** Rolls whose failure has been told. */
  readonly #failedRolls = new Set<string>()
  /** Rotations that this run saw open or opened. */
  readonly #rotations = new Set<string>()
  #observed: Observed | undefined
  /** What this run is trying to get past: the last failure since an action was applied. */
  #unsolved: RotatorError | undefined

  /** Why a rotation of this run was backed out, whatever was healed afterwards. */
  #backedOut: { readonly why?: string } | undefined

  constructor(desk: Desk, intent: Intent) {
    this.#desk = desk
    this.#intent = intent
    this.#begun = desk.clock.now().getTime()
    const { by, reason, approved } = desk.env
    const plan = approved && { plan: approved.hash }
    desk.emit({ code: 'RUN_STARTED', intent, by, reason, ...plan })
  }

  observed(observed: Observed): void {
    this.#observed = observed
    this.#noteRotation()
    if ('runtimes' in observed) this.#tellFailedRolls(observed)
    if (observed.strategy === 'managed') return
    const { last } = this.#desk.documents.document
    if (last?.outcome === 'backed-out' && this.#rotations.has(last.id)) this.#backedOut = last
  }

  /** What a runtime says is told whoever has begun its roll; the rotation turns back next. */
  #tellFailedRolls({ runtimes, store }: TwoSlotFacts): void {
    for (const { id, roll, why = 'it does not say why' } of runtimes) {
      const name = `${id} ${store.active}`
      if (roll !== 'failed' || this.#failedRolls.has(name)) continue
      this.#failedRolls.add(name)
      const error = new RotatorError('ERR_ROLL_FAILED', { runtime: id, why })
      this.failed(error, { step: 'roll', slot: store.active, where: id, why })
    }
  }

  #noteRotation(): void {
    const id = this.#desk.openRotationId()
    if (id !== undefined) this.#rotations.add(id)
  }

  /** True once this run has seen a rotation open. */
  get isOpen(): boolean {
    return this.#rotations.size > 0
  }

  async applied(action: Action, title: string, apply: () => Promise<void>): Promise<void> {
    const { step, slot, where, why } = action
    const facts = { step, slot, ...(where !== undefined && { where }) }
    this.#desk.emit({ code: 'STEP_STARTED', title, why, ...facts })
    const begun = this.#desk.clock.now().getTime()
    this.#desk.evidence.takeStep()
    await apply()
    const durationMs = this.#desk.clock.now().getTime() - begun
    this.#unsolved = undefined
    this.#actions.push({ ...action, durationMs })
    const evidence = this.#desk.evidence.takeStep()
    const seen = { ...this.#desk.versionIds(), ...(evidence && { evidence }) }
    this.#desk.emit({ code: 'STEP_APPLIED', durationMs, ...facts, ...seen })
    this.#noteRotation()
  }

  failed(error: RotatorError, action: Action | undefined): void {
    this.#noteRotation()
    this.#unsolved = error
    const message = this.#desk.secrets.scrub(error.message)
    this.#failures.push({ ...(action && { step: action.step }), code: error.code, message })
    if (action === undefined) return
    const { step, slot, where } = action
    const facts = { step, slot, ...(where !== undefined && { where }) }
    this.#desk.emit({ code: 'STEP_FAILED', error: error.code, message, ...facts })
  }

  /** The outcome is what the document says, not what this process remembers. */
  settled(): RunResult {
    if (this.#observed?.strategy === 'managed') return this.#settledByOwner()
    const { last } = this.#desk.documents.document
    const ours = last !== undefined && this.#rotations.has(last.id)
    const healed = this.#actions.some((action) => action.step === 'heal')
    const end: Outcome = ours ? last.outcome : healed ? 'healed' : 'settled'
    const outcome = end === 'healed' && this.#backedOut ? 'backed-out' : end
    const told = outcome === 'backed-out' ? this.#backedOut : last
    const why = ours && told?.why !== undefined ? `: ${told.why}` : ''
    if (outcome !== 'backed-out')
      return this.#end(outcome, { what: `${WHAT[outcome]}${why}.`, todo: '' })
    const cause = this.#causeOfBackOut()
    const failure = cause ?? this.#failures[0]
    return this.#end(outcome, {
      what: `${WHAT[outcome]}${why}.${cause ? ` ${cause.message}` : ''}`,
      todo: this.#backedOutTodo(failure),
      ...(failure && { code: failure.code }),
    })
  }

  /** Nothing that was got past before; the document has room for a reason and for no details. */
  #causeOfBackOut(): Failure | undefined {
    const { trouble } = this.#desk.evidence
    const isCause = ({ step, code }: Failure): boolean =>
      trouble ? step === trouble.step && code === trouble.code : code === 'ERR_ROLL_FAILED'
    return this.#failures.findLast(isCause)
  }

  /** No document records it: what this run has asked for or has seen under way is done. */
  #settledByOwner(): RunResult {
    const outcome: Outcome = this.isOpen ? 'rotated' : 'settled'
    return this.#end(outcome, { what: `${WHAT[outcome]}.`, todo: '' })
  }

  #backedOutTodo(failure: Failure | undefined): string {
    if (failure) return ERROR_CATALOGUE[failure.code].hint
    return this.#intent === 'back-out' ? '' : 'Look at what failed, then rotate again.'
  }

  /** A plan is good for one rotation. */
  carriedOut(plan: string): RunResult {
    const { last } = this.#desk.documents.document
    const when = last ? ` Rotation ${last.id} was closed under it at ${last.closed_at}.` : ''
    const what = `The approved plan ${plan.slice(0, 12)} is carried out already.${when}`
    return this.#end('settled', { what, todo: 'For another rotation, make a new plan.' })
  }

  refused(decision: Extract<Decision, { kind: 'refused' }>, observer: Observer): RunResult {
    const { what, hint } = REFUSALS[decision.code]
    const details =
      decision.code === 'PRIVILEGES_DIFFER'
        ? `. Lacking: ${observer.lacks.join('; ')}`
        : decision.code === 'STANDBY_IN_USE' || decision.code === 'ADMIN_IN_USE'
          ? `. Sessions: ${describeSessions(observer.sessions)}`
          : ''
    return this.#end('refused', {
      code: decision.code,
      what: `${what} (${decision.code}: ${decision.why}${details})`,
      todo: hint,
    })
  }

  adminLost(): RunResult {
    const code = lostCode(this.#desk.target.strategy)
    const { what, hint } = REFUSALS[code]
    return this.#end('refused', { code, what: `${what} (${code})`, todo: hint })
  }

  locked(by: string): RunResult {
    return this.#end('locked', {
      code: 'LOCKED',
      what: `Another rotator holds the lock of this target: ${by}.`,
      todo: 'Wait until it has ended, then run again.',
    })
  }

  interrupted(): RunResult {
    const signal = String(this.#desk.stop.reason)
    this.#desk.emit({ code: 'STOP_REQUESTED', signal })
    const { what, hint } = ERROR_CATALOGUE.ERR_INTERRUPTED
    const unsolved = this.#unsolved
    const tried = unsolved ? ` It was trying again after: ${unsolved.message}` : ''
    return this.#end(this.isOpen ? 'stopped' : 'failed', {
      code: 'ERR_INTERRUPTED',
      what: `${what} (ERR_INTERRUPTED; ${signal})${tried}`,
      todo: unsolved ? `${unsolved.hint} ${hint}` : hint,
    })
  }

  /**
   * An error that this run cannot get past. Half-way if a rotation is open, else nothing was begun.
   */
  stopped(error: RotatorError): RunResult {
    return this.#end(this.isOpen ? 'stopped' : 'failed', {
      code: error.code,
      what: this.#desk.secrets.scrub(error.message),
      todo: error.hint,
    })
  }

  #end(outcome: Outcome, told: Pick<RunResult, 'code' | 'what' | 'todo'>): RunResult {
    const durationMs = this.#desk.clock.now().getTime() - this.#begun
    const rotationId = this.#desk.openRotationId() ?? [...this.#rotations].at(-1)
    const error = told.code === undefined ? {} : { error: told.code }
    const ids = this.#desk.versionIds()
    this.#desk.emit({ code: 'RUN_ENDED', outcome, durationMs, ...error, ...ids })
    const o = this.#observed
    const { approved } = this.#desk.env
    return {
      outcome,
      target: this.#desk.target.name,
      ...(rotationId !== undefined && { rotationId }),
      ...(o && 'store' in o && { activeSlot: o.store.active }),
      ...this.#desk.secrets.scrubFields(told),
      state: describeState(o, rotationId),
      actions: this.#actions,
      failures: this.#failures,
      durationMs,
      ...(approved && { plan: approved.hash }),
    }
  }
}

const WHAT: Readonly<Record<Outcome, string>> = {
  rotated: 'The credential was rotated',
  healed: 'Drift was removed',
  adopted: 'The running user was adopted',
  'backed-out': 'The rotation was backed out',
  rehearsed: 'Everything but the flip was done, and undone again',
  settled: 'There was nothing to do',
  refused: 'The run was refused',
  stopped: 'The run stopped half-way',
  failed: 'The run failed',
  locked: 'Another rotator holds the lock',
}
