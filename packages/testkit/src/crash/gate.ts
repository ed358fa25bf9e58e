import type { Target } from '../../../rotator/src/ports/target.ts'

/** On which side of an external call the process stands. */
export type Side = 'before' | 'after'

/** Stands on both sides of every external call; the call, and then its answer, wait for it. */
export interface Gate {
  /**
   * @param call - where it hangs in the target: `store.stage`, `database.admin().sessions`
   * @returns what is to be passed before anybody sees the answer, or the failure
   */
  before(call: string): Promise<() => Promise<void>>
}

/**
 * The target with a gate on both sides of every external call: each method that is given a `Call`,
 * and the end of a session. Nothing is listed: whatever hangs in the target is walked into, so that
 * a port that is new tomorrow is gated tomorrow.
 */
export function gateTarget(target: Target, gate: Gate): Target {
  return gatePort(target, '', gate)
}

/** Gates whatever else makes external calls; they are named as if it hung in a target at `path`. */
export function gatePort<T extends object>(port: T, path: string, gate: Gate): T {
  return new Gated(gate).wrap(port, path)
}

class Gated {
  readonly #gate: Gate
  /** What is one object in the target stays one: a single user's store is its admin's. */
  readonly #made = new WeakMap<object, unknown>()

  constructor(gate: Gate) {
    this.#gate = gate
  }

  wrap<T extends object>(value: T, path: string): T {
    const made = new Proxy(value, {
      get: (inner, name): unknown => this.#member(inner, name, path),
    })
    this.#made.set(value, made)
    return made
  }

  #member(inner: object, name: string | symbol, path: string): unknown {
    const member: unknown = Reflect.get(inner, name, inner)
    if (typeof member === 'function')
      return Array.isArray(inner) ? member : this.#method(inner, member, callName(path, name))
    if (typeof member !== 'object' || member === null) return member
    return this.#made.get(member) ?? this.wrap(member, callName(path, name))
  }

  #method(inner: object, method: Function, call: string): unknown {
    return (...args: readonly unknown[]): unknown => {
      const apply = (): unknown => Reflect.apply(method, inner, args)
      return call.endsWith(END) || isCall(args.at(-1)) ? this.#through(call, apply) : apply()
    }
  }

  async #through(call: string, apply: () => unknown): Promise<unknown> {
    const after = await this.#gate.before(call)
    try {
      const answer = await apply()
      return isSession(answer) ? this.wrap(answer, `${call}()`) : answer
    } finally {
      await after()
    }
  }
}

/** How the end of a session is called: it takes no `Call` and speaks to the server all the same. */
const END = '.end'

function callName(path: string, name: string | symbol): string {
  const own = name === Symbol.asyncDispose ? END.slice(1) : String(name)
  return path === '' ? own : `${path}.${own}`
}

function isCall(last: unknown): boolean {
  return typeof last === 'object' && last !== null && 'signal' in last
    ? last.signal instanceof AbortSignal
    : false
}

function isSession(answer: unknown): answer is object {
  return typeof answer === 'object' && answer !== null && Symbol.asyncDispose in answer
}
