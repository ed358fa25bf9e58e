import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Call } from '../../../rotator/src/ports/call.ts'
import type { RollState, Runtime } from '../../../rotator/src/ports/runtime.ts'

/** How the rolls of a fixture go: they succeed, they fail, they go on until the limit. */
export type RollCourse = 'done' | 'failed' | 'endless'

/** A kind of runtime with the real thing that it rolls. */
export interface RuntimeFixture extends AsyncDisposable {
  /** A runtime on the same thing, as a new process makes it. */
  create(): Runtime
  /** How rolls that begin from now on go. */
  setCourse(course: RollCourse): Promise<void>
  /** How many rolls have begun; absent where a roll does nothing to the thing. */
  begun?(): Promise<number>
}

/** What a kind of runtime can do. */
export interface RuntimeTraits {
  readonly courses: readonly RollCourse[]
  /** True when a new process sees earlier rolls, as in the state of a service. */
  readonly remembers: boolean
  /** True when it gives receipts by which a new process knows a roll again. */
  readonly receipts?: boolean
}

type Start = () => Promise<RuntimeFixture>

const TOKEN = 'roll:0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTU:1'
const OTHER = 'roll:2'

function call(): Call {
  return { signal: AbortSignal.timeout(30_000) }
}

/**
 * Registers the tests that every `Runtime` adapter passes.
 * @param name - what is rolled, for the report
 * @param start - called by every test; what it returns is disposed at the test's end
 */
export function runtimeConformance(
  name: string,
  start: Start,
  traits: RuntimeTraits = { courses: ['done', 'failed', 'endless'], remembers: false },
): void {
  describe(`a runtime: ${name}`, () => {
    beginningTests(start)
    processTests(start, traits)
    if (traits.receipts === true) receiptTests(start)
    if (traits.courses.includes('failed')) failureTests(start)
    if (traits.courses.includes('endless')) limitTests(start)
  })
}

function beginningTests(start: Start): void {
  test('is due until it is rolled and then done', async () => {
    await using fixture = await start()
    const runtime = fixture.create()
    expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'due' })
    await runtime.roll(TOKEN, call())
    expect(await judged(runtime, TOKEN)).toEqual({ state: 'done' })
    expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'done' })
    expect(await runtime.observe(OTHER, call())).toEqual({ state: 'due' })
  })

  test('begins one roll for one token, however often it is asked', async () => {
    await using fixture = await start()
    const runtime = fixture.create()
    const before = await fixture.begun?.()
    await Promise.all([runtime.roll(TOKEN, call()), runtime.roll(TOKEN, call())])
    await judged(runtime, TOKEN)
    await runtime.roll(TOKEN, call())
    expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'done' })
    if (before !== undefined) expect(await fixture.begun?.()).toBe(before + 1)
  })

  test('begins another roll for another token', async () => {
    await using fixture = await start()
    const runtime = fixture.create()
    const before = await fixture.begun?.()
    await runtime.roll(TOKEN, call())
    await judged(runtime, TOKEN)
    await runtime.roll(OTHER, call())
    expect(await judged(runtime, OTHER)).toEqual({ state: 'done' })
    if (before !== undefined) expect(await fixture.begun?.()).toBe(before + 2)
  })

  test('begins nothing in a call that is over', async () => {
    await using fixture = await start()
    const runtime = fixture.create()
    const before = await fixture.begun?.()
    const over: Call = { signal: AbortSignal.abort(new Error('over')) }
    await expect(runtime.roll(TOKEN, over)).rejects.toThrow('over')
    await expect(runtime.observe(TOKEN, over)).rejects.toThrow('over')
    expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'due' })
    expect(await fixture.begun?.()).toBe(before)
  })

  test('gives a limit and a pause that a timer can take', async () => {
    await using fixture = await start()
    const { limitMs, pollMs } = fixture.create()
    expect(limitMs).toBeGreaterThan(0)
    expect(pollMs).toBeGreaterThanOrEqual(0)
    expect(pollMs).toBeLessThanOrEqual(limitMs)
    expect(limitMs).toBeLessThan(2 ** 31)
  })
}

function processTests(start: Start, { remembers }: RuntimeTraits): void {
  const what = remembers ? 'sees in a new process' : 'is due in a new process after'
  test(`${what} a roll that an earlier one began`, async () => {
    await using fixture = await start()
    const earlier = fixture.create()
    await earlier.roll(TOKEN, call())
    await judged(earlier, TOKEN)
    const later = fixture.create()
    expect((await later.observe(TOKEN, call())).state).toBe(remembers ? 'done' : 'due')
    await later.roll(TOKEN, call())
    expect(await judged(later, TOKEN)).toEqual({ state: 'done' })
  })
}

function receiptTests(start: Start): void {
  test('is known again in a new process by its receipt, and not begun again', async () => {
    await using fixture = await start()
    const earlier = fixture.create()
    await earlier.roll(TOKEN, call())
    const { state, receipt = '' } = await earlier.observe(TOKEN, call())
    expect(state).toBe('rolling')
    expect(receipt).toMatch(/^[\x20-\x7e]{1,128}$/)
    const begun = await fixture.begun?.()
    const later = fixture.create()
    later.recall?.(TOKEN, receipt)
    expect((await later.observe(OTHER, call())).state).toBe('due')
    await later.roll(TOKEN, call())
    expect(await judged(later, TOKEN)).toEqual({ state: 'done' })
    if (begun !== undefined) expect(await fixture.begun?.()).toBe(begun)
  })

  test('is not known by a receipt that is none', async () => {
    await using fixture = await start()
    const runtime = fixture.create()
    for (const receipt of ['', 'none', TOKEN]) runtime.recall?.(TOKEN, receipt)
    expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'due' })
  })
}

function failureTests(start: Start): void {
  test('says why a roll failed and goes on saying so', async () => {
    await using fixture = await start()
    const runtime = fixture.create()
    await fixture.setCourse('failed')
    await runtime.roll(TOKEN, call())
    const state = await judged(runtime, TOKEN)
    expect(state).toEqual({ state: 'failed', why: expect.stringMatching(/\S/) })
    await fixture.setCourse('done')
    await runtime.roll(TOKEN, call())
    expect(await runtime.observe(TOKEN, call())).toEqual(state)
  })

  test('can be rolled with another token after a failure', async () => {
    await using fixture = await start()
    const runtime = fixture.create()
    await fixture.setCourse('failed')
    await runtime.roll(TOKEN, call())
    await judged(runtime, TOKEN)
    await fixture.setCourse('done')
    await runtime.roll(OTHER, call())
    expect(await judged(runtime, OTHER)).toEqual({ state: 'done' })
  })
}

function limitTests(start: Start): void {
  test('does not wait for a roll to finish and fails it at its limit', async () => {
    await using fixture = await start()
    const runtime = fixture.create()
    await fixture.setCourse('endless')
    await runtime.roll(TOKEN, call())
    expect((await runtime.observe(TOKEN, call())).state).toBe('rolling')
    const state = await judged(runtime, TOKEN)
    expect(state.state).toBe('failed')
    expect(state.why).toContain(String(runtime.limitMs))
  })
}

/** Looks until the roll is judged, as the engine does. The test's own timeout bounds it. */
async function judged(runtime: Runtime, token: string): Promise<RollState> {
  for (;;) {
    const state = await runtime.observe(token, call())
    if (state.state !== 'rolling') return state
    await wait(runtime.pollMs)
  }
}
