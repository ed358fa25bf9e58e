import { RotatorError } from '../../../rotator/src/errors.ts'
import type { Call } from '../../../rotator/src/ports/call.ts'
import type { World } from './world.ts'
import { SimCrash } from './world.ts'

/**
 * What may go wrong at a call. `crash-*`: the process dies before or after the effect. `error-*`:
 * the
 * call fails before or after it; after it the caller cannot know.
 */
export type FaultMode = 'crash-before' | 'crash-after' | 'error-before' | 'error-after'

export const FAULT_MODES: readonly FaultMode[] = [
  'crash-before',
  'crash-after',
  'error-before',
  'error-after',
]

/** A fault strikes the n-th external call, counted from 0 over all processes of a trial. */
export interface Fault {
  readonly at: number
  readonly mode: FaultMode
}

/** Something else that happens right before a call: another rotator, an operator's edit. */
export interface Incident {
  readonly at: number
  readonly what: () => Promise<void>
}

/** Virtual time that one external call takes. */
const CALL_MS = 20

/**
 * Every external call goes through here: it is where faults can strike, and where calls are
 * counted.
 */
export class Gate {
  readonly #world: World
  readonly #faults: ReadonlyMap<number, FaultMode>
  readonly #incidents: ReadonlyMap<number, Incident>
  calls = 0
  /** The name of each call, in order. */
  readonly log: string[] = []

  constructor(world: World, faults: readonly Fault[], incidents: readonly Incident[] = []) {
    this.#world = world
    this.#faults = new Map(faults.map((fault) => [fault.at, fault.mode]))
    this.#incidents = new Map(incidents.map((incident) => [incident.at, incident]))
  }

  /**
   * One external call. `failure` is the code of a failure before which nothing can have happened.
   */
  async call<T>(
    name: string,
    failure: 'read' | 'write',
    effect: () => T,
    { signal }: Call,
  ): Promise<T> {
    if (name.startsWith('config') || name.startsWith('runtime')) signal.throwIfAborted()
    if (signal.aborted) throw simulatedError(name, false)
    const at = this.calls++
    this.log.push(name)
    await this.#incidents.get(at)?.what()
    const mode = this.#faults.get(at)
    this.#world.advance(CALL_MS)
    if (mode === 'crash-before') throw new SimCrash(name)
    if (mode === 'error-before') throw simulatedError(name, failure === 'write')
    const result = effect()
    this.#world.checker.check(`after ${name}`)
    if (mode === 'crash-after') throw new SimCrash(name)
    if (mode === 'error-after') throw simulatedError(name, failure === 'write')
    return result
  }
}

/** Whether a write happened is never known after an error; a read can simply be made again. */
function simulatedError(operation: string, write: boolean): RotatorError {
  if (write) return new RotatorError('ERR_OUTCOME_UNKNOWN', { operation, where: 'the simulation' })
  return operation.startsWith('store')
    ? new RotatorError('ERR_STORE_UNREACHABLE', { secret: 'simulated', operation })
    : new RotatorError('ERR_DB_UNREACHABLE', { endpoint: 'simulated', reason: operation })
}
