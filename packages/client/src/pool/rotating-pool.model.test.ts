// Goal: whatever the order in which rotations, queries, outages of the store and the end come,
// everybody who asks for a connection is answered once, nobody is given a connection of a pool that
// is ended, no account is locked out, and as long as the secret holds a password that logs in
// nobody is refused. Method: random histories in virtual time, against a server, a driver and a
// secret in memory; the history is shrunk when it fails, and its seed is printed.
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { createCredentials } from '../credentials/credentials.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { HandServer, HandVault } from './fixture.ts'
import type { HandConnection } from './fixture.ts'
import { rotatingSettings } from './options.ts'
import { RotatingPool } from './rotating-pool.ts'

const SETTINGS = rotatingSettings({ drainMs: 3_000, loginWaitMs: 10_000, probeMs: 20_000 })
const POLL_MS = 60_000

const TURNS = ['alternate', 'stage', 'set', 'finish', 'give-up'] as const

/** How passwords change: each kind has its own order of database and secret. */
type Event =
  | { readonly kind: (typeof TURNS)[number] | 'down' | 'up' | 'end' }
  | { readonly kind: 'query'; readonly holdMs: number; readonly anew: boolean }
  | { readonly kind: 'pass'; readonly ms: number }

const events: fc.Arbitrary<Event> = fc.oneof(
  fc.constantFrom(...TURNS).map((kind) => ({ kind })),
  fc.record({
    kind: fc.constant('query' as const),
    holdMs: fc.nat({ max: 5_000 }),
    // After the server has closed what was idle.
    anew: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.nat({ max: 10_000 }) }),
)
const outages: fc.Arbitrary<Event> = fc.constantFrom('down', 'up').map((kind) => ({ kind }))
const ends: fc.Arbitrary<Event> = fc.constant({ kind: 'end' })

interface Told {
  readonly broken: readonly string[]
  /** Queries that were refused. */
  readonly refused: readonly string[]
}

/** A server, a secret, an application and its pool. */
class World {
  readonly server = new HandServer()
  readonly broken: string[] = []
  readonly refused: string[] = []
  readonly #vault = new HandVault()
  readonly #credentials: Credentials
  readonly #pool: RotatingPool<HandConnection>
  #last = 1
  #current = 'v1'
  /** The version that is to be current next; empty without a rotation. */
  #staged = ''
  #isSet = false
  #isEnded = false
  #asked = 0
  #answered = 0
  #swappedAt = -Infinity

  constructor(max: number) {
    this.#vault.move('AWSCURRENT', 'v1')
    this.server.accept('v1')
    const options = { pollMs: POLL_MS, cooldownMs: 1_000 }
    this.#credentials = createCredentials(this.#vault.source, options)
    this.#pool = new RotatingPool({
      ...{ credentials: this.#credentials, settings: SETTINGS, driver: this.server.driver(max) },
      onSwap: () => void (this.#swappedAt = Date.now()),
      onTrouble: () => undefined,
      onDrained: () => undefined,
    })
  }

  query(holdMs: number, anew: boolean): void {
    if (anew) for (const each of this.server.pools) each.loseIdle()
    this.#asked += 1
    let mine = 0
    const late = this.#isEnded
    this.#pool.checkOut((error, connection) => {
      this.#answered += 1
      if (++mine > 1) this.broken.push('answered twice')
      if (connection === undefined) return void this.refused.push(String(error))
      if (connection.pool.endedAt !== undefined) this.broken.push('of a pool that is over')
      if (late) this.broken.push('a connection after the end')
      setTimeout(() => connection.release(), holdMs)
    })
  }

  /** Both slots log in for a while. */
  alternate(): void {
    if (this.#staged !== '') return
    this.#staged = `v${++this.#last}`
    this.server.accept(this.#current, this.#staged)
    this.#promote()
  }

  stage(): void {
    if (this.#staged !== '') return
    this.#staged = `v${++this.#last}`
    this.#vault.move('AWSPENDING', this.#staged)
  }

  /** The password before ceases to work. */
  set(): void {
    if (this.#staged === '') return
    this.#isSet = true
    this.server.accept(this.#staged)
  }

  finish(): void {
    if (this.#isSet) this.#promote()
  }

  'give-up'(): void {
    if (this.#isSet) this.server.accept(this.#current)
    this.#isSet = false
  }

  #promote(): void {
    this.#vault.move('AWSPREVIOUS', this.#current)
    this.#vault.move('AWSCURRENT', this.#staged)
    this.#current = this.#staged
    this.#staged = ''
    this.#isSet = false
  }

  down(): void {
    this.#vault.down = true
  }

  up(): void {
    this.#vault.down = false
  }

  end(): void {
    this.#isEnded = true
    void this.#pool.end()
  }

  /** Whatever has happened: where the secret is right and the store is there, all is well. */
  async settle(): Promise<void> {
    await vi.advanceTimersByTimeAsync(30_000)
    this.up()
    this.server.accept(this.#current)
    await vi.advanceTimersByTimeAsync(20 * 60_000)
    if (this.#isEnded) return
    const serving = this.#pool.serving?.held.versionId ?? this.#current
    if (serving !== this.#current) this.broken.push(`at the end ${serving} serves`)
    const before = this.refused.length
    this.query(0, true)
    await vi.advanceTimersByTimeAsync(60_000)
    if (this.refused.length > before) this.broken.push(`at the end ${this.refused.at(-1)}`)
  }

  async close(): Promise<void> {
    if (this.#asked !== this.#answered)
      this.broken.push(`${this.#answered} of ${this.#asked} were answered`)
    const alive = this.server.pools.filter(({ endedAt, trial }) => endedAt === undefined && !trial)
    if (alive.length > 1 && Date.now() > this.#swappedAt + SETTINGS.drainMs)
      this.broken.push(`${alive.length} pools live`)
    await this.#pool.end()
    this.#credentials.close()
    // A login beside the pool that was under way ends by itself.
    await vi.advanceTimersByTimeAsync(this.server.loginMs)
    for (const { endedAt, versionId } of this.server.pools)
      if (endedAt === undefined) this.broken.push(`the pool of ${versionId} was not ended`)
    if (vi.getTimerCount() > 0) this.broken.push('a timer was left')
  }
}

/** Plays a history and says what was wrong. */
async function play(history: readonly Event[], max: number): Promise<Told> {
  const world = new World(max)
  for (const event of history) {
    if (event.kind === 'query') world.query(event.holdMs, event.anew)
    else if (event.kind === 'pass') await vi.advanceTimersByTimeAsync(event.ms)
    else world[event.kind]()
    await vi.advanceTimersByTimeAsync(0)
  }
  await world.settle()
  await world.close()
  const { broken, refused, server } = world
  return { broken: [...broken, ...tooManyRefusals(server)], refused }
}

/** Those that log in when a password ceases to work, one of the pool and one beside it. */
function tooManyRefusals({ refused, mostCaught }: HandServer): readonly string[] {
  return refused.flatMap(({ versionId, at }) => {
    const soon = refused.filter((other) => {
      return other.versionId === versionId && other.at >= at && other.at < at + 5_000
    })
    const tooMany = soon.length > mostCaught + 2
    return tooMany ? [`${soon.length} logins with ${versionId} were refused`] : []
  })
}

async function assertAll(
  event: fc.Arbitrary<Event>,
  judge: (told: Told) => readonly string[],
): Promise<void> {
  vi.useFakeTimers()
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        async (history, max) => {
          expect(judge(await play(history, max))).toEqual([])
        },
      ),
      { numRuns: 1_000 },
    )
  } finally {
    vi.useRealTimers()
  }
}

test('while the secret has a password that logs in, nobody who asks is refused', async () => {
  await assertAll(events, ({ broken, refused }) => [...broken, ...refused])
})

test('no history of rotations, outages and ends breaks a promise', async () => {
  await assertAll(fc.oneof(events, outages, ends), ({ broken }) => broken)
})
