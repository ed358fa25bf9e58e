import { describe, expect, test } from 'vitest'
import { gateTarget } from '../../packages/testkit/src/crash/gate.ts'
import { READS, isWrite } from '../../packages/testkit/src/crash/writes.ts'
import type { Target } from '../../packages/rotator/src/ports/target.ts'
import { portMethods, ports } from './port-methods.ts'
import type { Port } from './port-methods.ts'

const CALL = { signal: new AbortController().signal }

/** Every method of every port that is given a `Call`, wherever it is declared. */
function declared(): readonly string[] {
  return [...ports().values()].flatMap(({ name, methods }) =>
    [...methods.keys()].map((method) => `${name}.${method}`),
  )
}

/**
 * No run calls these, so no target holds them: what starts a rotation elsewhere, what only lists,
 * and what a rotation function has, whose every call the simulator strikes.
 */
const BESIDE: ReadonlySet<string> = new Set([
  ...['Launch.look', 'Launch.readLog', 'Launcher.running', 'Launcher.start'],
  ...['describe', 'staged', 'anyVersion', 'release', 'stage'].map((of) => `RotationSecret.${of}`),
  ...['sourceOf', 'hostsOf', 'writerOf'].map((of) => `ServerRegistry.${of}`),
  'VersionList.list',
])

type Made = Record<string | symbol, unknown>

/** An object of this interface whose methods answer with what their types name. */
function make(port: Port): Made {
  const made: Made = { own: () => port.name }
  for (const [name, answer] of port.methods) {
    const session = answer.map((type) => ports().get(type)).find((type) => type?.ends === true)
    made[name] = async (): Promise<unknown> => (session ? make(session) : name)
  }
  for (const [name, { interfaces, list }] of port.properties) {
    const [held] = interfaces.flatMap((type) => ports().get(type) ?? [])
    if (held) made[name] = list ? [make(held)] : make(held)
  }
  if (port.ends) made[Symbol.asyncDispose] = async () => undefined
  return made
}

/** Calls everything that can be called, as deep as sessions go. */
async function callAll(port: Port, made: Made): Promise<void> {
  for (const [name, answer] of port.methods) {
    const method = made[name] as (call: object) => Promise<Made>
    const answered = await method(CALL)
    const session = answer.map((type) => ports().get(type)).find((type) => type?.ends === true)
    if (session) await callAll(session, answered)
  }
  for (const [name, { interfaces, list }] of port.properties) {
    const [held] = interfaces.flatMap((type) => ports().get(type) ?? [])
    if (held) await callAll(held, (list ? (made[name] as Made[])[0] : made[name]) as Made)
  }
  if (port.ends) await (made[Symbol.asyncDispose] as () => Promise<void>)()
}

describe('the gates', () => {
  test('stand at every method that is given a Call, and at the end of sessions', async () => {
    const passed = new Set<string>()
    const root = ports().get('Target')!
    const target = gateTarget(make(root) as unknown as Target, {
      before: async (call) => {
        passed.add(call.replaceAll(/\.\d+\./g, '.*.'))
        return async () => undefined
      },
    })
    await callAll(root, target as unknown as Made)
    const expected = [...portMethods().keys(), 'database.admin().end']
    expect([...passed].toSorted()).toEqual(expected.toSorted())
  })

  test('reach from the target whatever any port declares', () => {
    const reached = new Set(portMethods().values())
    const missed = declared().filter((method) => !reached.has(method))
    expect(new Set(missed)).toEqual(BESIDE)
    expect(declared().length).toBeGreaterThan(15)
  })
})

describe('what counts as a write', () => {
  test('is every method that is not listed as a read, and the list names no strangers', () => {
    expect([...READS].filter((method) => !declared().includes(method))).toEqual([])
    const reads = [...portMethods()].filter(([path]) => !isWrite(path)).map(([, method]) => method)
    expect(new Set(reads)).toEqual(READS)
  })
})
