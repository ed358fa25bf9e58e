import type { Action } from '../domain/action.ts'
import { isRotatorError } from '../errors.ts'
import type { RollState, Runtime } from '../ports/runtime.ts'
import type { Step, StepContext } from './step.ts'

/**
 * Starting a roll that was started already starts nothing, so a crash while waiting is harmless.
 */
export const roll: Step = {
  name: 'roll',
  title: 'Have a runtime pick up what was published, and wait for its verdict',
  reversible: true,
  requires: [],
  touches: ['runtimes'],
  apply: async (action, context) => {
    const runtime = context.target.runtimes.find((candidate) => candidate.id === action.where)
    if (runtime === undefined) throw new Error(`no runtime ${action.where}`)
    const told = await runtime.roll(context.documents.rollToken(), context.call())
    await wait(runtime, action, { context, told: told ?? undefined })
  },
}

/**
 * A roll that has gone on for so long is noted, in milliseconds: a shorter one costs less to begin
 * again after a crash than every rotation would pay for the note.
 */
export const NOTE_AFTER_MS = 30_000

interface Waiting {
  readonly context: StepContext
  /** The first look. */
  readonly told: RollState | undefined
}

async function wait(runtime: Runtime, action: Action, waiting: Waiting): Promise<void> {
  const { context } = waiting
  let { told } = waiting
  const token = context.documents.rollToken()
  const begun = context.clock.now().getTime()
  let noted = false
  while (!context.stop.aborted) {
    const { state, why, receipt } = told ?? (await runtime.observe(token, context.call()))
    told = undefined
    if (state === 'done' && why !== undefined) context.noted({ says: why })
    // One that is due after all is begun again by whoever decides.
    if (state !== 'rolling') return
    const waitedMs = context.clock.now().getTime() - begun
    if (waitedMs >= runtime.limitMs) {
      context.gaveUp(runtime.id, `it did not finish within ${runtime.limitMs} ms`)
      return
    }
    if (!noted && receipt !== undefined && waitedMs >= NOTE_AFTER_MS) {
      noted = true
      await note(runtime, receipt, context)
    }
    const { step, slot } = action
    const on = why ?? `${runtime.id} is ${state}`
    context.emit({ code: 'STEP_WAITING', step, slot, where: runtime.id, waitedMs, on })
    await context.clock.sleep(pauseMs(runtime, waitedMs), context.stop)
  }
}

/** Without its note a roll is only begun again after a crash: no reason to disturb it. */
async function note(runtime: Runtime, receipt: string, context: StepContext): Promise<void> {
  try {
    await context.noteRoll(runtime.id, receipt)
  } catch (error) {
    if (!isRotatorError(error)) throw error
  }
}

/**
 * Twice as long each time, from 50 ms to half a second; then a sixteenth of what was waited
 * already: the end of a roll is noticed that much late at most.
 */
function pauseMs({ pollMs }: Runtime, waitedMs: number): number {
  const first = Math.min(Math.max(50, waitedMs), 500)
  return Math.min(Math.max(first, waitedMs / 16), pollMs)
}
