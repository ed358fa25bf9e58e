import { composeManaged, functionSystem } from '../compose/rotation-function.ts'
import type { FunctionPlace } from '../compose/rotation-function.ts'
import { REFUSALS } from '../domain/refusals.ts'
import type { VisitResult } from '../engine/four-steps/types.ts'
import { endedBy } from '../engine/four-steps/result.ts'
import type { Outcome } from '../engine/result.ts'
import { run } from '../engine/run.ts'
import { isRotatorError } from '../errors.ts'
import type { Target } from '../ports/target.ts'

/** So much time is kept for saying how it ended. */
const LAST_MS = 2_000

/** What asking RDS needs from the call. */
interface ManagedCall {
  readonly remainingMs: () => number
  readonly log: (line: object) => void
}

/**
 * Asks RDS to rotate a secret that it manages, waits until it has, and proves it by a login: the
 * run of `cuedot rotate` with `strategy: managed`. A call that runs out of time leaves RDS at work;
 * the next one waits for what is under way and asks for nothing.
 */
export async function rotateManaged(place: FunctionPlace, call: ManagedCall): Promise<VisitResult> {
  try {
    const signal = functionSystem.clock.deadline(call.remainingMs())
    const target = await composeManaged(place, { signal })
    return target ? await ask(target, place.secret, call) : NOT_MANAGED
  } catch (error) {
    if (!isRotatorError(error)) throw error
    return { ...endedBy(error, []), effects: [], durationMs: 0 }
  }
}

async function ask(
  target: Target,
  secret: string,
  { remainingMs, log }: ManagedCall,
): Promise<VisitResult> {
  const { clock, random } = functionSystem
  const result = await run(target, 'rotate', {
    ...{ clock, random, by: 'rotation function', reason: 'asked for by an event' },
    events: { emit: (event) => log({ level: 'info', secret, ...event }) },
    stop: stopAt(clock.deadline(Math.max(1, remainingMs() - LAST_MS))),
  })
  const { outcome, code, what, state, todo, durationMs } = result
  const told = { what, state, todo, durationMs, effects: [], ...(code !== undefined && { code }) }
  return { outcome: OUTCOMES[outcome] ?? 'failed', ...told }
}

/** What a run says of why it was stopped is the signal's reason. */
function stopAt(deadline: AbortSignal): AbortSignal {
  const stop = new AbortController()
  const end = (): void => stop.abort('the time of this call is over')
  deadline.addEventListener('abort', end, { once: true })
  return stop.signal
}

const OUTCOMES: Readonly<Partial<Record<Outcome, VisitResult['outcome']>>> = {
  rotated: 'done',
  settled: 'done',
  refused: 'refused',
}

const NOT_MANAGED: VisitResult = {
  outcome: 'refused',
  code: 'SECRET_NOT_MANAGED',
  what: REFUSALS.SECRET_NOT_MANAGED.what,
  state: 'Nothing was asked for.',
  todo: 'Let Secrets Manager rotate it: it calls this function with its four steps.',
  ...{ effects: [], durationMs: 0 },
}
