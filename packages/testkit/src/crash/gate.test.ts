import { expect, test } from 'vitest'
import type { Target } from '../../../rotator/src/ports/target.ts'
import { CallCounter, holdsAt, pointName } from './channel.ts'
import { gateTarget } from './gate.ts'
import type { Gate } from './gate.ts'

const CALL = { signal: new AbortController().signal }

function recorder(): { readonly gate: Gate; readonly passed: string[] } {
  const passed: string[] = []
  return {
    passed,
    gate: {
      before: async (call) => {
        passed.push(`before ${call}`)
        return async () => void passed.push(`after ${call}`)
      },
    },
  }
}

class Store {
  readonly #secret = 'of its own'
  readonly supports = { staleReadMs: 0 }
  read = async (_call: object): Promise<string> => this.#secret
  stage(_call: object): Promise<never> {
    return Promise.reject(new Error(this.#secret))
  }
  name(): string {
    return this.#secret
  }
}

function gated(gate: Gate): Target & { readonly store: Store; readonly admin: Store } {
  const store = new Store()
  const rest = { configs: [new Store()], policy: { limit: 1 } }
  const target = { name: 't', store, admin: store, ...rest }
  return gateTarget(target as unknown as Target, gate) as ReturnType<typeof gated>
}

test('a gate is passed before a call and before anybody sees what came of it', async () => {
  const { gate, passed } = recorder()
  const { store } = gated(gate)
  expect(await store.read(CALL)).toBe('of its own')
  await expect(store.stage(CALL)).rejects.toThrow('of its own')
  const sides = ['before store.read', 'after store.read', 'before store.stage', 'after store.stage']
  expect(passed).toEqual(sides)
})

test('what is no external call passes no gate', () => {
  const { gate, passed } = recorder()
  const { store, policy } = gated(gate)
  expect([store.name(), store.supports.staleReadMs, policy]).toEqual([
    'of its own',
    0,
    { limit: 1 },
  ])
  expect(passed).toEqual([])
})

test('one object that hangs in the target twice stays one', async () => {
  const { gate, passed } = recorder()
  const target = gated(gate)
  expect(target.admin).toBe(target.store)
  await Promise.all(target.configs.map((config) => config.read(CALL)))
  expect(passed).toEqual(['before configs.0.read', 'after configs.0.read'])
})

test('a call that follows itself is another round of it and no other call', () => {
  const counter = new CallCounter()
  const names = ['a', 'b', 'b', 'b', 'a'].map((call) => pointName(counter.next(call)))
  const again = 'before b 1 again'
  expect(names).toEqual(['before a 1', 'before b 1', again, again, 'before a 2'])
})

test('a look of a drain that follows a look is another round of it', () => {
  const counter = new CallCounter()
  const calls = ['d.openLogins', 'd.loginCount', 'd.openLogins', 'd.loginCount', 'e']
  const names = calls.map((call) => pointName(counter.next(call)))
  expect(names.slice(2)).toEqual([
    'before d.openLogins 1 again',
    'before d.loginCount 1 again',
    'before e 1',
  ])
})

test('a process is held at its point only, everywhere or nowhere', () => {
  const counter = new CallCounter()
  const [first, second] = [counter.next('a'), counter.next('a')]
  expect([first, second].map((point) => holdsAt({ hold: first }, point))).toEqual([true, false])
  expect(holdsAt({ hold: { ...first, side: 'after' } }, first)).toBe(false)
  expect(holdsAt({ hold: 'all' }, first)).toBe(true)
  expect(holdsAt({ hold: 'none' }, first)).toBe(false)
})
