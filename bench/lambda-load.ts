/**
 * Whether an application with the client notices a rotation function: `npm run bench:lambda-load`.
 * For each engine and each way to rotate, `--rotations N` in a row (100), all four steps in this
 * process as Secrets Manager calls them, while pools of the client serve connect-heavy, pooled and
 * long-transaction load. Prints requests, those that failed, and how often a pool looked for
 * another credential because its login was refused.
 *
 * `--engine postgres|mariadb|mysql`, `--only "one user"`; `--keep` puts the figures into
 * `results/lambda-load.json`, in place of those of the same engine and way. The pools poll each
 * second, and are told of nothing. Exits with 1 when a single request fails.
 */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createCredentials } from '../packages/client/src/credentials/credentials.ts'
import type { Credentials } from '../packages/client/src/credentials/credentials.ts'
import { awsSecretsManager } from '../packages/client/src/sources/aws.ts'
import { requestsByMysql2, requestsByPg } from '../packages/client/test/load-requests.ts'
import { LambdaWorld } from '../packages/rotator/test/lambda-world.ts'
import { MYSQL_HERE } from '../packages/testkit/src/servers/mysql-here.ts'
import { Load } from './client-load/load.ts'
import { ENGINE_TITLES } from './zero-downtime/results.ts'

/** Ways to rotate, by the name that people see. */
const WAYS = {
  'one user': { admin: false, variables: {}, engines: ['postgres', 'mariadb', 'mysql'] },
  'two users': { admin: true, variables: {}, engines: ['postgres', 'mariadb', 'mysql'] },
  'two passwords': {
    ...{ admin: true, variables: { CUEDOT_STRATEGY: 'dual-password' } },
    engines: ['mariadb', 'mysql'],
  },
} as const

type Way = keyof typeof WAYS
type Engine = keyof typeof ENGINE_TITLES

interface Served {
  readonly requests: number
  readonly failed: number
}

/** What {@link Load} tells. */
interface LoadEnd {
  readonly connecting: Served
  readonly pooled: Served
  readonly transactions: Served
  /** How often which message, where something failed. */
  readonly why?: Readonly<Record<string, number>>
}

interface Result extends LoadEnd {
  readonly date: string
  readonly engine: Engine
  readonly way: Way
  readonly rotations: number
  /** Median of a rotation's four steps, in milliseconds. */
  readonly rotationMs: number
  /** How often a pool looked for another credential, because the server had refused its own. */
  readonly searches: number
  /** Runnable processes of the machine, an average over the last minute of it. */
  readonly loadAverage: number
}

const POLL_MS = 1_000

/** From the beginning of a rotation to that of the next, at the least: every one meets load. */
const PERIOD_MS = 600

const FILE = fileURLToPath(new URL('results/lambda-load.json', import.meta.url))
const { values } = parseArgs({
  options: {
    rotations: { type: 'string', default: '100' },
    engine: { type: 'string' },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
    date: { type: 'string', default: new Date().toISOString().slice(0, 10) },
  },
})
const rotations = Number(values.rotations)
if (!Number.isInteger(rotations) || rotations < 1) throw new Error('--rotations: a number from 1')

const measured: Result[] = []
for (const engine of ['postgres', 'mariadb', 'mysql'] as const) {
  if ((values.engine ?? engine) !== engine) continue
  if (engine === 'mysql' && MYSQL_HERE === undefined) continue
  await using world = await LambdaWorld.start(engine)
  for (const way of ['one user', 'two users', 'two passwords'] as const) {
    const isMeant = (values.only ?? way) === way
    if (!isMeant || !WAYS[way].engines.some((one) => one === engine)) continue
    const result = await measure(world, engine, way)
    console.error(JSON.stringify(result))
    measured.push(result)
  }
  // After each engine: what was measured is not lost when the next one fails.
  if (values.keep) await keep()
}
if (measured.length === 0) throw new Error('--engine and --only leave nothing to measure')
console.log(table(measured))
process.exitCode = measured.some((result) => failed(result) > 0) ? 1 : 0

async function measure(world: LambdaWorld, engine: Engine, way: Way): Promise<Result> {
  const { admin, variables } = WAYS[way]
  const more = admin ? { masterarn: world.adminSecret } : {}
  const secretId = await world.makeSecret(world.flat(await world.makeUser(), more))
  const { endpoint } = world.fake
  const source = awsSecretsManager({ secretId, region: 'us-east-1', endpoint })
  using credentials = createCredentials(source, { pollMs: POLL_MS })
  const { port, dbname: database, caFile } = world.rig
  let searches = 0
  const watched = watch(credentials, () => (searches += 1))
  const setup = { credentials: watched, ca: await readFile(caFile, 'utf8'), port, database }
  const load = new Load(() =>
    engine === 'postgres' ? requestsByPg(setup) : requestsByMysql2(setup),
  )
  const times: number[] = []
  for (let n = 0; n < rotations; n++) {
    const begun = performance.now()
    await world.rotate(secretId, variables)
    const tookMs = performance.now() - begun
    times.push(tookMs)
    await pause(Math.max(0, PERIOD_MS - tookMs))
  }
  const end: LoadEnd = Object(await load.stop())
  const rotationMs = Math.round(times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0)
  const loadAverage = Math.round((loadavg()[0] ?? 0) * 10) / 10
  return { date: values.date, engine, way, rotations, rotationMs, searches, loadAverage, ...end }
}

/** A pool reads the source anew only when the server has refused its login. */
function watch(credentials: Credentials, onRefused: () => void): Credentials {
  return new Proxy(credentials, {
    get(target, name): unknown {
      if (name === 'refresh') onRefused()
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: readonly unknown[]): unknown => Reflect.apply(member, target, args)
    },
  })
}

function failed({ connecting, pooled, transactions }: LoadEnd): number {
  return connecting.failed + pooled.failed + transactions.failed
}

/** Results stand in for earlier ones of the same engine and way. */
async function keep(): Promise<void> {
  const kept: { readonly results: readonly Result[] } = existsSync(FILE)
    ? JSON.parse(await readFile(FILE, 'utf8'))
    : { results: [] }
  const isNew = ({ engine, way }: Result): boolean =>
    measured.some((one) => one.engine === engine && one.way === way)
  const machine = {
    ...{ cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism() },
    node: process.version,
  }
  const results = [...kept.results.filter((one) => !isNew(one)), ...measured]
  await writeFile(FILE, `${JSON.stringify({ machine, results }, undefined, 2)}\n`)
}

function table(results: readonly Result[]): string {
  const number = (count: number): string => count.toLocaleString('en-US')
  const rows = results.map((result) => [
    ...[ENGINE_TITLES[result.engine], result.way, number(result.rotations)],
    ...[result.connecting, result.pooled, result.transactions].map((one) => number(one.requests)),
    ...[number(result.searches), number(result.rotationMs)],
    failed(result) === 0 ? '**0**' : number(failed(result)),
  ])
  const head = ['database', 'rotation', 'rotations', 'own connection', 'pooled', 'transactions']
  const all = [...head, 'searches', 'median, ms', 'failed']
  const rule = all.map((_, index) => (index < 2 ? '---' : '--:'))
  return [all, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
