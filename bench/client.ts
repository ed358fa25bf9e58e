/**
 * What the client's pool costs, and how soon it follows: `npm run bench:client`, on PostgreSQL 18,
 * with clients on this machine. One JSON object a line:
 *
 * - `query`: a pool of `pg` and ours, asked in turn, in one run; milliseconds of a query, the ratio
 *   of ours to theirs, and that of theirs to another one of theirs (`control`);
 * - `checkout`: nanoseconds that handing out an idle connection takes longer, without a server;
 * - `propagation`: milliseconds from a change until a query runs with it, by what tells of it;
 * - `swaps`: what many swaps in a row leave behind (1,000, or `--swaps N`); the pool itself has one
 *   session.
 *
 * Times depend on the machine: compare them within one run. Bound to one core (`taskset -c 1`)
 * client and server do not wake each other across cores, which makes more of a difference than what
 * is measured.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { createCredentials } from '../packages/client/src/credentials/credentials.ts'
import type { Credentials } from '../packages/client/src/credentials/credentials.ts'
import { HandVault } from '../packages/client/test/hand-vault.ts'
import { ON_POSTGRES, barePg, clientPg } from '../packages/client/test/pg-pool.ts'
import { postgresRig } from '../packages/testkit/src/rig/postgres.ts'
import type { RootSession } from '../packages/testkit/src/rig/engine.ts'
import { randomPassword } from '../packages/testkit/src/servers/postgres.ts'
import type { Credential } from '@cuedot/client/protocol'

const { values } = parseArgs({ options: { swaps: { type: 'string', default: '1000' } } })
const [ROUNDS, BATCHES, BATCH] = [30, 4, 500]
const CHANGES = 30

await using engine = await postgresRig({ maxConnections: 100 })
await using root = await engine.root()
const ca = await readFile(engine.caFile, 'utf8')
const { A, B } = engine.slots

print('query', await queries())
print('checkout', await checkouts())
for (const by of ['push', 'poll'] as const) print('propagation', await propagation(by))
print('swaps', await swaps(Number(values.swaps)))
// Last: it changes a password.
print('propagation', await propagation('refusal'))

function print(what: string, told: object): void {
  console.log(JSON.stringify({ what, ...told }))
}

interface Setup extends AsyncDisposable {
  readonly vault: HandVault
  readonly credentials: Credentials
  readonly pool: ReturnType<typeof clientPg>
}

function setUp(pollMs: number, max = 10): Setup {
  const vault = new HandVault()
  vault.put('AWSCURRENT', 'v0', A)
  const credentials = createCredentials(vault.source, { pollMs, cooldownMs: 0 })
  const pool = clientPg({ credentials, ca, max, probeMs: 0 })
  return {
    ...{ vault, credentials, pool },
    async [Symbol.asyncDispose]() {
      await pool.end()
      credentials.close()
    },
  }
}

/**
 * Batches of both in turn, so that whatever else the machine does befalls both, and new sessions in
 * each round: two sessions of one server differ by more than what is measured. `control` is a
 * second pool of `pg` against the first: nothing smaller than how far that is from 1 can be told.
 */
async function queries(): Promise<object> {
  const times: Record<string, number[]> = { bare: [], control: [], ours: [] }
  for (let turn = 0; turn < ROUNDS; turn++) {
    await using ours = setUp(0, 1)
    const [bare, control] = [barePg(A, { ca, max: 1 }), barePg(A, { ca, max: 1 })]
    for (let batch = 0; batch <= BATCHES; batch++)
      for (const [name, pool] of Object.entries({ bare, control, ours: ours.pool })) {
        const taken = await timesOf(pool)
        // The first batch warms up.
        if (batch > 0) times[name]?.push(...taken)
      }
    await Promise.all([bare.end(), control.end()])
  }
  const of = (name: string): ReturnType<typeof quantiles> => quantiles(times[name] ?? [])
  const [bare, control, ours] = [of('bare'), of('control'), of('ours')]
  const to = (other: typeof bare): object => ({
    p50: round(other.p50 / bare.p50),
    p99: round(other.p99 / bare.p99),
  })
  return { queries: times['ours']?.length, bare, ours, ratio: to(ours), control: to(control) }
}

async function timesOf(pool: ReturnType<typeof barePg>): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < BATCH; n++) {
    const begun = performance.now()
    await pool.query('SELECT 1')
    times.push(performance.now() - begun)
  }
  return times
}

/** A connection is handed out and given back, nothing is asked of the server. */
async function checkouts(): Promise<object> {
  await using ours = setUp(0, 1)
  const bare = barePg(A, { ca, max: 1 })
  const rounds: { bare: number; ours: number }[] = []
  for (let n = 0; n <= 20; n++) rounds.push({ bare: await nsOf(bare), ours: await nsOf(ours.pool) })
  await bare.end()
  const [, ...warm] = rounds
  const median = (key: 'bare' | 'ours'): number => quantiles(warm.map((one) => one[key])).p50
  const [theirs, mine] = [Math.round(median('bare')), Math.round(median('ours'))]
  return { bareNs: theirs, oursNs: mine, moreNs: mine - theirs }
}

async function nsOf(pool: ReturnType<typeof barePg>): Promise<number> {
  const times = 10_000
  const begun = process.hrtime.bigint()
  for (let n = 0; n < times; n++) (await pool.connect()).release()
  return Number(process.hrtime.bigint() - begun) / times
}

async function propagation(by: 'push' | 'poll' | 'refusal'): Promise<object> {
  await using it = setUp(by === 'poll' ? 1_000 : 0)
  const { vault, credentials, pool } = it
  await pool.query('SELECT 1')
  const times: number[] = []
  for (let n = 1; n <= CHANGES; n++) {
    const to = n % 2 === 1 ? B : A
    const next = by === 'refusal' ? await replaced(root, A) : to
    const begun = performance.now()
    vault.put('AWSCURRENT', `v${n}`, next)
    if (by === 'push') void credentials.refresh()
    // The next query needs a login.
    if (by === 'refusal') (await pool.connect()).release(true)
    await serving(pool, `v${n}`)
    times.push(performance.now() - begun)
  }
  const { p50, p99 } = quantiles(times)
  return { by, ...(by === 'poll' && { pollMs: 1_000 }), changes: CHANGES, p50, p99 }
}

/** Asks until a query runs with this version. */
async function serving(pool: ReturnType<typeof barePg>, version: string): Promise<void> {
  let app = ''
  while (!app.endsWith(`cred=${version}`)) {
    const { rows } = await pool.query("SELECT current_setting('application_name') AS app")
    app = String(rows[0]?.['app'])
  }
}

/** The user with another password, which it has from now on. */
async function replaced(session: RootSession, user: Credential): Promise<Credential> {
  const password = randomPassword(user.username)
  await ON_POSTGRES.setPassword(session, user.username, password)
  return { ...user, password }
}

async function swaps(count: number): Promise<object> {
  await using it = setUp(0, 2)
  const { vault, credentials, pool } = it
  await pool.query('SELECT 1')
  const heap: number[] = []
  const began = performance.now()
  for (let n = 1; n <= count; n++) {
    vault.put('AWSCURRENT', `v${n}`, n % 2 === 1 ? B : A)
    const swapped = Promise.withResolvers<void>()
    pool.once('swap', () => swapped.resolve())
    await credentials.refresh()
    await swapped.promise
    if (n % 100 === 0) heap.push(heapBytes())
  }
  const seconds = Math.round((performance.now() - began) / 1000)
  const half = heap.slice(heap.length / 2)
  const growth = Math.round(((half.at(-1) ?? 0) - (half[0] ?? 0)) / ((half.length - 1) * 100 || 1))
  const left = [A, B].map(({ username }) => ON_POSTGRES.sessions(root, username))
  const sessions = (await Promise.all(left)).flat().length
  return { count, seconds, heapBytesPerSwap: growth, sessions }
}

function heapBytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

function quantiles(times: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (part: number): number => round(sorted[Math.floor(sorted.length * part)] ?? 0)
  return { p50: at(0.5), p99: at(0.99) }
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
