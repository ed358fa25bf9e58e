// Goal: whatever the order in which polls, refreshes, answers, failures and changes of the secret
// come, an answer never replaces that of a later question, whoever refreshes is not given what was
// outdated when it asked, and at the end what the store holds is held. Method: random histories in
// virtual time, against a store that may answer with what it held when it was asked or when it
// answers; the history is shrunk when it fails, and its seed is printed.
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { createCredentials } from './credentials.ts'
import { handSource } from './fixture.ts'
import type { Asked } from './fixture.ts'
import { LONGEST_RETRY_MS } from './pauses.ts'

const OPTIONS = { pollMs: 5_000, cooldownMs: 500, timeoutMs: 2_000 } as const

type Event =
  | { readonly kind: 'refresh' }
  | { readonly kind: 'rotate' }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'answer'; readonly which: number; readonly late: boolean }
  | { readonly kind: 'fail'; readonly which: number }

const which = fc.nat({ max: 1 })
const events: fc.Arbitrary<Event> = fc.oneof(
  fc.constant<Event>({ kind: 'refresh' }),
  fc.constant<Event>({ kind: 'rotate' }),
  fc.record({
    kind: fc.constant('pass' as const),
    ms: fc.oneof(fc.nat({ max: 600 }), fc.nat({ max: 6_000 })),
  }),
  fc.record({ kind: fc.constant('answer' as const), which, late: fc.boolean() }),
  fc.record({ kind: fc.constant('fail' as const), which }),
)

/** A question that is open, what the store held when it came, and when that was. */
interface Open extends Asked {
  readonly number: number
  readonly version: number
  readonly at: number
}

/** Plays a history and says what was wrong. */
async function play(history: readonly Event[]): Promise<readonly string[]> {
  const broken: string[] = []
  const store = { version: 1 }
  const { asked, source } = handSource()
  const opened: Open[] = []
  let [askedAt, troubles, heldFrom] = [-Infinity, 0, 0]
  const credentials = createCredentials(async (request) => {
    const now = Date.now()
    if (now - askedAt < OPTIONS.cooldownMs) broken.push(`asked ${now - askedAt} ms after`)
    const waiting = opened.filter(({ at }) => now - at < OPTIONS.timeoutMs)
    if (waiting.length > 0) broken.push('asked while a question was open')
    askedAt = now
    const answered = source(request)
    const last = asked.at(-1)
    if (last) opened.push({ ...last, number: asked.length, version: store.version, at: now })
    return await answered
  }, OPTIONS)
  credentials.on('trouble', () => void troubles++)
  const held = (): number => Number(credentials.current?.versionId ?? 0)
  const refreshed: Promise<void>[] = []
  const refresh = async (): Promise<void> => {
    const [version, before] = [store.version, troubles]
    const { versionId } = await credentials.refresh()
    if (troubles === before && Number(versionId) < version)
      broken.push(`a refresh at ${version} was given ${versionId}`)
  }
  const answer = async (one: Open | undefined, late: boolean): Promise<void> => {
    if (!one) return
    opened.splice(opened.indexOf(one), 1)
    const [before, version] = [held(), late ? store.version : one.version]
    one.answer(String(version))
    await vi.advanceTimersByTimeAsync(0)
    const expected = one.number < heldFrom ? before : version
    if (held() !== expected) broken.push(`${held()} is held and not ${expected}`)
    heldFrom = Math.max(heldFrom, one.number)
  }
  for (const event of history) {
    if (event.kind === 'refresh') refreshed.push(refresh())
    else if (event.kind === 'rotate') store.version += 1
    else if (event.kind === 'pass') await vi.advanceTimersByTimeAsync(event.ms)
    else if (event.kind === 'answer') await answer(opened[event.which], event.late)
    else opened.splice(event.which, 1).forEach((one) => one.fail())
    await vi.advanceTimersByTimeAsync(0)
  }
  // The store answers again: whatever happened, it is caught up with.
  const end = Date.now() + 2 * LONGEST_RETRY_MS
  while (Date.now() < end) {
    await vi.advanceTimersByTimeAsync(250)
    while (opened.length > 0) await answer(opened[0], true)
  }
  if (held() !== store.version) broken.push(`at the end ${held()} is held, not ${store.version}`)
  await Promise.all(refreshed)
  const count = asked.length
  credentials.close()
  await vi.advanceTimersByTimeAsync(10 * OPTIONS.pollMs)
  if (asked.length > count) broken.push('asked after it was closed')
  if (vi.getTimerCount() > 0) broken.push('a timer was left')
  return broken
}

test('no history of polls, refreshes, answers and failures breaks a promise', async () => {
  vi.useFakeTimers()
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(events, { maxLength: 40 }), async (history) => {
        expect(await play(history)).toEqual([])
      }),
      { numRuns: 1_000 },
    )
  } finally {
    vi.useRealTimers()
  }
})
