import { Sensitive, successorOf } from '@cuedot/client/protocol'
import {
  decideCreate,
  decideFinish,
  decideSet,
  decideStaged,
  decideTest,
} from '../../domain/four-steps.ts'
import type { FourStepDecision, FourStepEffect } from '../../domain/four-steps.ts'
import { generatePassword } from '../../domain/password.ts'
import { drawByRules } from '../../domain/password-rules.ts'
import { isRotatorError, RotatorError } from '../../errors.ts'
import type { AnyRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import { describeSessions } from '../../steps/drain.ts'
import { guardPort } from '../guard.ts'
import type { Guards } from '../guard.ts'
import { KnownSecrets } from '../secrets.ts'
import { seeDatabase, tryStray } from './acceptance.ts'
import type { Looking, SeenDatabase } from './acceptance.ts'
import { changeDatabase } from './effects.ts'
import { endedBy, refusalOf, refusedBy, settledBy } from './result.ts'
import type { Told } from './result.ts'
import { seeSecret } from './secret-facts.ts'
import type { SeenSecret } from './secret-facts.ts'
import { Locked, Servers } from './servers.ts'
import type { FourStepTarget, Visit, VisitEnvironment, VisitResult } from './types.ts'

/** As many waits as there are seconds in the life of a function, and all that comes before. */
const MOST_TURNS = 2_000

/** Failures in a row after which Secrets Manager is left to repeat the rotation. */
const MOST_FAILURES = 4
const FIRST_BACKOFF_MS = 200

/** An effect that was applied this often in a row and leaves everything as it was is given up. */
const FEW = 5
/** Objects are moved in hundreds; who waits is stopped by the time that is left. */
const MOST_REPEATS: Readonly<Partial<Record<FourStepEffect, number>>> = { own: 400, wait: Infinity }

/** Time between two looks at sessions that are waited for. */
const WAIT_MS = 1_000

/** For so long a lock is waited for: the server may still believe in a call that was killed. */
const LOCK_MS = 20_000
const LOCK_POLL_MS = 500

/** So much time is kept for saying how it ended. */
const LAST_MS = 1_000

/**
 * One call of a rotation function: observe, decide, apply one effect, observe again, until the
 * step's goal is reached. Nothing is resumed: whatever an earlier call has left behind is found by
 * looking. The result is returned, whatever it is; only bugs throw.
 */
export async function visit(
  target: FourStepTarget,
  asked: Visit,
  env: VisitEnvironment,
): Promise<VisitResult> {
  await using call = new OneVisit(target, asked, env)
  return await call.finish()
}

function guarded(target: FourStepTarget, guards: Guards): FourStepTarget {
  return {
    ...target,
    secret: guardPort(target.secret, 'store', guards),
    registry: guardPort(target.registry, 'registry', guards),
    openDatabase: async (engine, place) =>
      guardPort(await target.openDatabase(engine, place), 'database', guards),
    openSecret: async (id) => guardPort(await target.openSecret(id), 'admin store', guards),
  }
}

class OneVisit implements AsyncDisposable {
  readonly #target: FourStepTarget
  readonly #visit: Visit
  readonly #env: VisitEnvironment
  readonly #servers: Servers
  readonly #secrets = new KnownSecrets()
  readonly #begun: number
  readonly #effects: FourStepEffect[] = []
  /** The secret as it was last seen; undefined when that may not be true any more. */
  #seen: SeenSecret | undefined
  #database: SeenDatabase | undefined
  /** What is staged, so that a repeated request is the same request. */
  #draft: Sensitive | undefined
  /** The store has refused to move the label, for good. */
  #refused: AnyRotatorError | undefined
  #lockedSince: number | undefined
  #failures = 0
  #repeated: { readonly effect: FourStepEffect; readonly times: number } | undefined

  constructor(target: FourStepTarget, visited: Visit, env: VisitEnvironment) {
    this.#target = guarded(target, { secrets: this.#secrets, clock: env.clock })
    this.#visit = visited
    this.#env = env
    this.#servers = new Servers(
      this.#target,
      () => this.#call(),
      (password) => this.#secrets.add(password),
    )
    this.#begun = env.clock.now().getTime()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#servers[Symbol.asyncDispose]()
  }

  async finish(): Promise<VisitResult> {
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      const result = await this.#turn()
      if (result) return result
    }
    throw new Error('I5: the step does not settle')
  }

  async #turn(): Promise<VisitResult | undefined> {
    try {
      const decision = await this.#decide()
      if (decision.kind === 'refused') return this.#end(refusedBy(decision, this.#database))
      if (decision.kind === 'done') {
        if (this.#refused) return this.#end(endedBy(this.#refused, this.#effects))
        return this.#end(settledBy(decision.why))
      }
      this.#giveUpRepeating(decision.effect)
      return await this.#apply(decision.effect, this.#whyWith(decision))
    } catch (error) {
      return await this.#meet(error)
    }
  }

  /** Who is waited for stands in the first line about it. */
  #whyWith({ effect, why }: { readonly effect: FourStepEffect; readonly why: string }): string {
    const sessions = this.#database?.sessions ?? []
    return effect === 'wait' ? `${why}: ${describeSessions(sessions)}` : why
  }

  async #decide(): Promise<FourStepDecision> {
    const { step } = this.#visit
    if (!this.#seen) {
      const seen = await seeSecret(this.#target, this.#visit, () => this.#call())
      if ('kind' in seen) return seen
      this.#know(seen)
    }
    const seen = this.#seenSecret()
    if (step === 'createSecret') {
      const isStale = seen.facts.staged === 'stale' && !seen.facts.open
      const staged = isStale ? await tryStray(this.#looking(), seen) : 'absent'
      return decideCreate(seen.facts, { staged, strategy: seen.strategy })
    }
    const against = decideStaged(step, seen.facts)
    if (against) return against
    const database = await seeDatabase(this.#looking(), seen, step)
    this.#database = database
    if (step === 'setSecret') return decideSet(database.facts)
    if (step === 'testSecret') return decideTest(database.facts)
    return decideFinish(database.facts, this.#refused ? 'refused' : 'open')
  }

  #seenSecret(): SeenSecret {
    if (!this.#seen) throw new Error('the secret is looked at before anything else')
    return this.#seen
  }

  #know(seen: SeenSecret): void {
    this.#seen = seen
    for (const credential of [seen.document.current, seen.staged, seen.stray])
      if (credential) this.#secrets.add(credential.password)
  }

  #looking(): Looking {
    const { clock, remainingMs } = this.#env
    const call = (): Call => this.#call()
    return { target: this.#target, servers: this.#servers, clock, call, remainingMs }
  }

  #call(): Call {
    const { clock, remainingMs } = this.#env
    const { callLimitMs } = this.#target.options
    return { signal: clock.deadline(Math.max(1, Math.min(callLimitMs, remainingMs() - LAST_MS))) }
  }

  /** @returns a result where nothing is to be looked at afterwards */
  async #apply(effect: FourStepEffect, why: string): Promise<VisitResult | undefined> {
    const { clock, tell } = this.#env
    // A wait is told once, however long it takes.
    if (effect === 'wait' && this.#effects.at(-1) === 'wait')
      return await this.#carryOut(effect, why)
    tell({ code: 'EFFECT_STARTED', effect, why: this.#secrets.scrub(why) })
    const begun = clock.now().getTime()
    const result = await this.#carryOut(effect, why)
    tell({ code: 'EFFECT_DONE', effect, durationMs: clock.now().getTime() - begun })
    this.#effects.push(effect)
    this.#failures = 0
    return result
  }

  async #carryOut(effect: FourStepEffect, why: string): Promise<VisitResult | undefined> {
    const seen = this.#seenSecret()
    const { secret } = this.#target
    const { token } = this.#visit
    switch (effect) {
      case 'stage':
        await secret.stage(this.#next(seen), token, this.#call())
        return this.#end(settledBy('the new password is staged'))
      case 'release':
        await secret.release(token, this.#call())
        return this.#end(refusedBy({ kind: 'refused', code: 'STAGED_RELEASED', why }, undefined))
      case 'promote':
        return await this.#promote(seen)
      case 'wait':
        await this.#env.clock.sleep(WAIT_MS)
        return undefined
      default:
        await changeDatabase(effect, { seen, database: this.#database, looking: this.#looking() })
        return undefined
    }
  }

  #next({ document, nextUsername: username }: SeenSecret): Sensitive {
    const { random, clock } = this.#env
    const rules = this.#target.options.password
    const draw = (alphabet: string, length: number): string =>
      generatePassword({ alphabet, length }, (count) => random.bytes(count))
    if (this.#draft) return this.#draft
    const password = new Sensitive(drawByRules(rules, draw), `staged password of ${username}`)
    this.#secrets.add(password)
    const id = this.#visit.token
    const at = clock.now().toISOString()
    this.#draft = successorOf(document, { username, password, id, at })
    return this.#draft
  }

  async #promote({ currentId }: SeenSecret): Promise<VisitResult | undefined> {
    try {
      await this.#target.secret.promote(this.#visit.token, currentId, this.#call())
      return this.#end(settledBy('the new password is current'))
    } catch (error) {
      if (!isRotatorError(error) || error.code !== 'ERR_STORE_DENIED') throw error
      this.#refused = error
      return undefined
    }
  }

  #giveUpRepeating(effect: FourStepEffect): void {
    const times = effect === this.#repeated?.effect ? this.#repeated.times + 1 : 1
    this.#repeated = { effect, times }
    if (times > (MOST_REPEATS[effect] ?? FEW))
      throw new RotatorError('ERR_NO_EFFECT', { step: effect, slot: 'user' })
  }

  /** Whatever was known may have been the reason: everything is looked at again. */
  async #meet(error: unknown): Promise<VisitResult | undefined> {
    if (error instanceof Locked && this.#mayWaitForLock()) {
      await this.#env.clock.sleep(LOCK_POLL_MS)
      return undefined
    }
    const refusal = refusalOf(error)
    if (refusal) return this.#end(refusal)
    this.#secrets.scrubError(error)
    if (!isRotatorError(error)) throw error
    this.#failures += 1
    const { retry, code, message } = error
    // A password that has changed meanwhile was changed by another call of this function.
    const mayPass = retry !== 'never' || code === 'ERR_DB_AUTH'
    const backoffMs = FIRST_BACKOFF_MS * 2 ** this.#failures
    const isLate = this.#env.remainingMs() - LAST_MS < backoffMs
    if (!mayPass || isLate || this.#failures >= MOST_FAILURES)
      return this.#end(endedBy(error, this.#effects))
    this.#env.tell({ code: 'RETRYING', error: code, message })
    this.#seen = undefined
    await this.#servers.forget()
    await this.#env.clock.sleep(backoffMs)
    return undefined
  }

  #mayWaitForLock(): boolean {
    const { clock, remainingMs } = this.#env
    this.#lockedSince ??= clock.now().getTime()
    const waitedMs = clock.now().getTime() - this.#lockedSince
    return waitedMs < LOCK_MS && remainingMs() > LOCK_MS
  }

  #end(told: Told): VisitResult {
    const now = this.#env.clock.now().getTime()
    const since = this.#seen?.currentSince.getTime()
    return {
      ...this.#secrets.scrubFields(told),
      effects: this.#effects,
      durationMs: now - this.#begun,
      ...(since !== undefined && { ageMs: now - since }),
    }
  }
}
