import type { Runtime } from '../../ports/runtime.ts'

/**
 * The runtime of consumers that pick up credentials by themselves: a roll is done at once.
 * A new process knows no rolls and answers `due`.
 */
export function noRuntime({ id }: { readonly id: string }): Runtime {
  const rolled = new Set<string>()
  return {
    id,
    limitMs: 1000,
    pollMs: 0,
    observe: async (token, { signal }) => {
      signal.throwIfAborted()
      return { state: rolled.has(token) ? 'done' : 'due' }
    },
    roll: async (token, { signal }) => {
      signal.throwIfAborted()
      rolled.add(token)
    },
  }
}
