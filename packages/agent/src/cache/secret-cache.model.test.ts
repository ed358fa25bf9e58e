// Goal: in whatever order questions, answers, failures, rotations and time come, no answer replaces
// that of a later question, whoever refreshes is not given what was outdated when they asked,
// nobody waits for ever, requests do not pile up, and at the end what the store holds is served.
// Method: random histories over two secrets in a cache for one, with a clock that stands; each
// answer is what the store held when it was asked; a history is shrunk when it fails.
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { handClock, handStore } from '../../test/hand-store.ts'
import type { AskedOfStore } from '../../test/hand-store.ts'
import { HOLD_MS, SecretCache } from './secret-cache.ts'

const TTL_MS = 5000
/** Of one secret at once: one look and two fresh reads. */
const MOST_AT_ONCE = 3

type Event =
  | { readonly kind: 'get' | 'refresh' | 'revalidate'; readonly secretId: string }
  | { readonly kind: 'rotate' }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'answer' | 'fail' | 'deny'; readonly which: number }

const events: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('get' as const, 'refresh' as const, 'revalidate' as const),
    secretId: fc.constantFrom('a', 'a', 'b'),
  }),
  fc.constant<Event>({ kind: 'rotate' }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.nat({ max: 6000 }) }),
  fc.record({
    kind: fc.constantFrom('answer' as const, 'answer' as const, 'fail' as const, 'deny' as const),
    which: fc.nat({ max: 3 }),
  }),
)

/** A request that is open, and what the store held when it came. */
interface Open {
  readonly asked: AskedOfStore
  readonly version: number
}

class World {
  readonly broken: string[] = []
  readonly clock = handClock()
  readonly #hand = handStore()
  readonly #newest = new Map<string, number>()
  readonly cache = new SecretCache(this.#hand.store, {
    ...{ ttlMs: TTL_MS, size: 1, ignoreTransientErrors: true, clock: this.clock },
    seen: ({ secretId }, { versionId }) => {
      if (Number(versionId) < (this.#newest.get(secretId) ?? 0))
        this.broken.push(`${secretId} went back to ${versionId}`)
      this.#newest.set(secretId, Number(versionId))
    },
  })
  #version = 1
  #known = 0
  #open: readonly Open[] = []
  readonly #asking = new Set<Promise<void>>()

  async play(event: Event): Promise<void> {
    if (event.kind === 'rotate') this.#version += 1
    else if (event.kind === 'pass') this.clock.pass(event.ms)
    else if ('secretId' in event) this.#ask(event.kind, event.secretId)
    else this.#settle(event.kind, event.which)
    await this.#look()
  }

  async end(): Promise<void> {
    // A look that nobody waits for any more is not to answer the last question.
    const isBusy = (): boolean => this.#asking.size + this.#open.length > 0
    for (let round = 0; isBusy() && round < 1000; round++)
      await this.play({ kind: 'answer', which: 0 })
    if (this.#asking.size > 0) this.broken.push('somebody waits for ever')
    this.clock.pass(TTL_MS + HOLD_MS)
    const last = this.cache.get({ secretId: 'a' })
    await this.#look()
    for (let round = 0; this.#open.length > 0 && round < 10; round++)
      await this.play({ kind: 'answer', which: 0 })
    if (Number((await last).versionId) !== this.#version) this.broken.push('ends with another')
  }

  #ask(kind: 'get' | 'refresh' | 'revalidate', secretId: string): void {
    const atLeast = kind === 'refresh' ? this.#version : 0
    const asking = this.cache[kind]({ secretId }).then(
      ({ versionId }) => {
        if (Number(versionId) < atLeast) this.broken.push(`outdated ${versionId} for ${secretId}`)
      },
      () => undefined,
    )
    this.#asking.add(asking)
    void asking.finally(() => this.#asking.delete(asking))
  }

  #settle(kind: 'answer' | 'fail' | 'deny', which: number): void {
    const chosen = this.#open[which % Math.max(1, this.#open.length)]
    if (!chosen) return
    this.#open = this.#open.filter((other) => other !== chosen)
    if (kind === 'answer') chosen.asked.version(String(chosen.version))
    else chosen.asked.fail(kind === 'fail')
  }

  async #look(): Promise<void> {
    await turn()
    const more = this.#hand.asked.slice(this.#known)
    this.#known = this.#hand.asked.length
    const version = this.#version
    this.#open = [...this.#open, ...more.map((asked) => ({ asked, version }))]
    const ofA = this.#open.filter(({ asked }) => asked.question.secretId === 'a')
    if (ofA.length > MOST_AT_ONCE) this.broken.push(`${ofA.length} requests at once`)
    if (this.cache.size > 1) this.broken.push('more is kept than may be')
  }
}

test('any history keeps the promises of the cache', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(events, { maxLength: 40, size: 'max' }), async (history) => {
      const world = new World()
      for (const event of history) await world.play(event)
      await world.end()
      expect(world.broken).toEqual([])
    }),
    { numRuns: 2000 },
  )
}, 60_000)
