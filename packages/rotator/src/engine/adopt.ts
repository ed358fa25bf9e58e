import { decideAdoption } from '../domain/adoption.ts'
import type { AdoptionDecision, AdoptionStep } from '../domain/adoption.ts'
import { REFUSALS } from '../domain/refusals.ts'
import type { RefusalCode } from '../domain/refusals.ts'
import { ERROR_CATALOGUE } from '../error-catalogue.ts'
import { isRotatorError, RotatorError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import type { Target } from '../ports/target.ts'
import { ADOPTION_TITLES, describeAdopted, describeAdoption } from './adoption/describe.ts'
import type { PlannedAdoption } from './adoption/describe.ts'
import { observeAdoption } from './adoption/observe.ts'
import type { AdoptionOptions, Seen } from './adoption/observe.ts'
import { versionToken } from './documents/token.ts'
import { Desk } from './desk.ts'
import type { Environment } from './environment.ts'
import type { Outcome } from './result.ts'
import { AdminLost, TargetLocked } from './session.ts'

export type { PlannedAdoption } from './adoption/describe.ts'
export type { AdoptionOptions } from './adoption/observe.ts'

/** What adopting tells its caller. It is returned for every outcome; only bugs throw. */
export interface AdoptionResult {
  readonly outcome: Outcome
  readonly target: string
  readonly code?: ErrorCode | RefusalCode | 'LOCKED'
  /** What happened. */
  readonly what: string
  /** What state things are in now. */
  readonly state: string
  /** What to do. Empty when there is nothing to do. */
  readonly todo: string
  readonly actions: readonly { readonly step: AdoptionStep; readonly durationMs: number }[]
  readonly durationMs: number
}

/** Six steps, objects in hundreds; reaching it is a bug or a world that never holds still. */
const MOST_TURNS = 400
/** A step that was applied this often and leaves everything as it was is given up. */
const MOST_REPEATS = 5
/** Failures in a row after which it stops trying: six seconds. */
const MOST_FAILURES = 6
const FIRST_BACKOFF_MS = 200

/**
 * Takes the user that runs today over into an alternating target without touching its password:
 * observe, decide, apply one step, observe again. Killed at any moment it leaves everything
 * running, and running it again finishes it.
 */
export async function adopt(
  target: Target,
  options: AdoptionOptions,
  env: Environment,
): Promise<AdoptionResult> {
  const desk = new Desk(target, env, 'take')
  try {
    return await new Adoption(desk, options).finish()
  } finally {
    await desk.sessions.drop()
  }
}

/**
 * What `adopt` would do. Takes no lock and changes nothing.
 * @returns undefined when no version of the admin secret logs in
 */
export async function lookAtAdoption(
  target: Target,
  options: AdoptionOptions,
  env: Environment,
): Promise<PlannedAdoption | undefined> {
  const desk = new Desk(target, env, 'look')
  try {
    return describeAdoption(desk, await observeAdoption(desk, options))
  } catch (error) {
    if (error instanceof AdminLost) return undefined
    desk.secrets.scrubError(error)
    throw error
  } finally {
    await desk.sessions.drop()
  }
}

type Told = Pick<AdoptionResult, 'code' | 'what' | 'todo'>

class Adoption {
  readonly #desk: Desk
  readonly #options: AdoptionOptions
  readonly #begun: number
  /** One record for the whole run, so that staging again stages the same. */
  readonly #last: { readonly id: string; readonly closed_at: string }
  readonly #actions: { step: AdoptionStep; durationMs: number }[] = []
  #seen: Seen | undefined
  #inARow = 0
  /** What was due when the last step was applied, and how often in a row. */
  #repeated = { due: '', times: 0 }
  /** True once this run has seen the target for the first time. */
  #looked = false
  /** True once something may have been changed. */
  #touched = false

  constructor(desk: Desk, options: AdoptionOptions) {
    this.#desk = desk
    this.#options = options
    this.#begun = desk.clock.now().getTime()
    this.#last = { id: desk.env.random.uuid(), closed_at: desk.clock.now().toISOString() }
    const { by, reason } = desk.env
    desk.emit({ code: 'RUN_STARTED', intent: 'adopt', by, reason })
  }

  async finish(): Promise<AdoptionResult> {
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      if (this.#desk.stop.aborted) return this.#interrupted()
      const result = await this.#turn()
      if (result) return result
    }
    throw new Error('I5: the adoption does not settle')
  }

  async #turn(): Promise<AdoptionResult | undefined> {
    let step: AdoptionStep | undefined
    try {
      const seen = await observeAdoption(this.#desk, this.#options)
      this.#seen = seen
      const decision = decideAdoption(seen.facts)
      if (await this.#doubtful(seen, decision)) return undefined
      if (decision.kind === 'settled') return this.#settled()
      if (decision.kind === 'refused') return this.#refused(decision.code, seen.details)
      step = decision.step
      this.#giveUpRepeating(step, seen)
      await this.#apply(step, seen)
      return undefined
    } catch (error) {
      return await this.#meet(error, step)
    }
  }

  /** A store that may lag behind is given time before anything is concluded from what it shows. */
  async #doubtful({ facts }: Seen, decision: AdoptionDecision): Promise<boolean> {
    const found = !this.#looked && facts.pending !== 'none'
    this.#looked = true
    return (decision.kind === 'refused' || found) && (await this.#desk.versions.settle())
  }

  #giveUpRepeating(step: AdoptionStep, { ownership }: Seen): void {
    const due = `${step} ${JSON.stringify(ownership.changes)}`
    const times = due === this.#repeated.due ? this.#repeated.times + 1 : 1
    this.#repeated = { due, times }
    if (times > MOST_REPEATS) throw new RotatorError('ERR_NO_EFFECT', { step, slot: 'A' })
  }

  async #apply(step: AdoptionStep, seen: Seen): Promise<void> {
    const title = ADOPTION_TITLES[step]
    const facts = { step, slot: 'A' } as const
    const why = `user ${seen.running?.username ?? ''} is taken over as it runs`
    this.#desk.emit({ code: 'STEP_STARTED', title, why, ...facts })
    const begun = this.#desk.clock.now().getTime()
    if (step === 'record') await this.#stage(seen)
    else if (step === 'adopt') await this.#promote(seen)
    else await this.#move(step, seen)
    const durationMs = this.#desk.clock.now().getTime() - begun
    this.#actions.push({ step, durationMs })
    this.#touched = true
    this.#inARow = 0
    this.#desk.emit({ code: 'STEP_APPLIED', durationMs, ...facts })
  }

  async #move(step: Exclude<AdoptionStep, 'record' | 'adopt'>, seen: Seen): Promise<void> {
    const username = seen.running?.username ?? ''
    const session = await this.#desk.session()
    const wish = { username, owner: seen.ownership.owner }
    await session.moveOwnership(wish, step, this.#desk.call())
  }

  async #stage({ reading, draft }: Seen): Promise<void> {
    const { store } = this.#desk.target
    const currentId = reading.current.id
    const token = versionToken({
      rotationId: this.#last.id,
      action: { step: 'record', slot: 'A' },
      currentId,
      pendingId: reading.pending?.id,
    })
    const value = draft({ ...this.#last, outcome: 'adopted' })
    const version = await store.stage(value, token, this.#desk.call())
    this.#desk.versions.confirmed(currentId, version.id)
  }

  /** Compare-and-set: somebody who has changed the secret meanwhile is not overwritten. */
  async #promote({ reading: { current, pending } }: Seen): Promise<void> {
    if (pending === undefined) throw new Error('nothing is staged: it must not be asked for')
    await this.#desk.target.store.promote(pending.id, current.id, this.#desk.call())
    this.#desk.versions.confirmed(pending.id, undefined)
  }

  async #meet(error: unknown, step: AdoptionStep | undefined): Promise<AdoptionResult | undefined> {
    if (error instanceof TargetLocked) return this.#locked(error.by)
    if (error instanceof AdminLost) return this.#refused('ADMIN_LOST', '')
    this.#desk.secrets.scrubError(error)
    if (!isRotatorError(error)) throw error
    const { code, message, retry } = error
    if (step !== undefined) {
      this.#desk.emit({ code: 'STEP_FAILED', step, slot: 'A', error: code, message })
      this.#touched ||= step === 'objects' || retry === 'observe-first'
    }
    this.#inARow += 1
    if (retry === 'never' || this.#inARow >= MOST_FAILURES) return this.#stopped(error)
    await this.#desk.doubt()
    const inMs = FIRST_BACKOFF_MS * 2 ** (this.#inARow - 1)
    this.#desk.emit({ code: 'RETRYING', error: code, inMs, attempt: this.#inARow })
    await this.#desk.clock.sleep(inMs, this.#desk.stop)
    return undefined
  }

  #settled(): AdoptionResult {
    const adopted = this.#actions.some(({ step }) => step === 'adopt')
    const moved = this.#actions.length > 0
    const done = adopted || moved
    const todo =
      'Run `cuedot verify`, then `cuedot rotate`: it makes the second user and moves to it.'
    return this.#end(done ? 'adopted' : 'settled', {
      what: adopted
        ? 'The running user was adopted. No password was changed.'
        : moved
          ? 'What the active user had come to own was moved. No password was changed.'
          : 'There was nothing to do: the target is adopted.',
      todo: done ? todo : '',
    })
  }

  #refused(code: RefusalCode, details: string): AdoptionResult {
    const { what, hint } = REFUSALS[code]
    const about = details === '' ? code : `${code}: ${details}`
    return this.#end('refused', { code, what: `${what} (${about})`, todo: hint })
  }

  #locked(by: string): AdoptionResult {
    return this.#end('locked', {
      code: 'LOCKED',
      what: `Another rotator holds the lock of this target: ${by}.`,
      todo: 'Wait until it has ended, then run again.',
    })
  }

  #interrupted(): AdoptionResult {
    const signal = String(this.#desk.stop.reason)
    this.#desk.emit({ code: 'STOP_REQUESTED', signal })
    const { what, hint } = ERROR_CATALOGUE.ERR_INTERRUPTED
    const told = { code: 'ERR_INTERRUPTED', what: `${what} (${signal})`, todo: hint } as const
    return this.#end(this.#touched ? 'stopped' : 'failed', told)
  }

  #stopped({ code, message: what, hint: todo }: RotatorError): AdoptionResult {
    return this.#end(this.#touched ? 'stopped' : 'failed', { code, what, todo })
  }

  #end(outcome: Outcome, told: Told): AdoptionResult {
    const durationMs = this.#desk.clock.now().getTime() - this.#begun
    const error = told.code === undefined ? {} : { error: told.code }
    this.#desk.emit({ code: 'RUN_ENDED', outcome, durationMs, ...error })
    return {
      outcome,
      target: this.#desk.target.name,
      ...this.#desk.secrets.scrubFields(told),
      state: this.#seen ? describeAdopted(this.#seen) : 'Nothing was changed.',
      actions: this.#actions,
      durationMs,
    }
  }
}
