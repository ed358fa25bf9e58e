/**
 * What the rotation function for AWS Secrets Manager costs: `npm run bench:lambda [-- --keep]`. As
 * `cuedot lambda build` ships it, in a process that has nothing else, as Lambda runs it: its size,
 * the time to load it, and of one rotation the milliseconds of each step, calls of AWS, database
 * connections, statements and memory, on real databases with a fake of Secrets Manager. Each
 * rotation has a new process, whose first step loads what it needs. All are medians.
 *
 * Prints Markdown; `--keep` puts the figures into `results/lambda.json`. Times depend on the
 * machine: compare them within one run.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, release, tmpdir, type } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { ROTATION_STEPS } from '../packages/rotator/src/domain/four-steps.ts'
import { startFunction } from '../packages/rotator/test/lambda-process.ts'
import { LambdaWorld } from '../packages/rotator/test/lambda-world.ts'
import type { RigEngine } from '../packages/testkit/src/rig/engine.ts'
import { MYSQL_HERE } from '../packages/testkit/src/servers/mysql-here.ts'
import { bundleFunctions } from '../scripts/lib/lambda-bundle.ts'

const ENGINES: Readonly<Record<string, RigEngine['engine']>> = {
  ...(MYSQL_HERE !== undefined && { MySQL: 'mysql' }),
  MariaDB: 'mariadb',
  PostgreSQL: 'postgres',
}
const [LOADS, ROTATIONS] = [21, 9]
const RESULTS = fileURLToPath(new URL('results/lambda.json', import.meta.url))

/** The titles of the columns. The steps are in milliseconds, as Lambda bills them. */
const COLUMNS = [
  ...ROTATION_STEPS,
  ...(['all four', 'AWS calls', 'connections', 'statements', 'peak MiB'] as const),
] as const

type Cost = Readonly<Record<(typeof COLUMNS)[number], number>>

interface Row {
  readonly database: string
  readonly users: 'one' | 'two'
  readonly rotations: number
  readonly medians: Cost
}

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } })
const folder = await mkdtemp(join(tmpdir(), 'cuedot-bench-lambda-'))
try {
  await bundleFunctions(folder)
  const home = join(folder, 'rotation')
  const code = await readFile(join(home, 'index.cjs'))
  const size = { bytes: code.length, gzipped: gzipSync(code, { level: 9 }).length }
  const loadMs = await loaded(home)
  const rows: Row[] = []
  for (const [database, engine] of Object.entries(ENGINES)) {
    await using world = await LambdaWorld.start(engine)
    rows.push(await measure(world, { home, database, users: 'one' }))
    rows.push(await measure(world, { home, database, users: 'two' }))
  }
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, os: `${type()} ${release()}` }
  const results = { machine, node: process.version, size, loads: LOADS, loadMs, rows }
  if (values.keep) await writeFile(RESULTS, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(`${size.bytes} bytes, ${size.gzipped} compressed; loaded in ${loadMs} ms\n`)
  console.log(table(rows))
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function loaded(home: string): Promise<number> {
  const times: number[] = []
  for (let n = 0; n < LOADS; n++) {
    await using running = await startFunction(home, { AWS_REGION: 'us-east-1' })
    times.push(running.loadMs)
  }
  return middle(times)
}

interface Place extends Pick<Row, 'database' | 'users'> {
  readonly home: string
}

/** The first rotation does not count: it makes the second user. */
async function measure(world: LambdaWorld, { home, database, users }: Place): Promise<Row> {
  const more = users === 'two' ? { masterarn: world.adminSecret } : {}
  const secret = await world.makeSecret(world.flat(await world.makeUser(), more))
  await rotate(world, secret, home)
  const costs: Cost[] = []
  for (let n = 0; n < ROTATIONS; n++) costs.push(await rotate(world, secret, home))
  return { database, users, rotations: ROTATIONS, medians: mediansOf(costs) }
}

async function rotate(world: LambdaWorld, secret: string, home: string): Promise<Cost> {
  await using running = await startFunction(home, {
    ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
    SECRETS_MANAGER_ENDPOINT: world.fake.endpoint,
    CUEDOT_TLS_CA: world.rig.caFile,
  })
  const token = world.announce(secret)
  const [calls, before] = [world.fake.log.length, await world.rig.cost()]
  const peaks: number[] = []
  const step = async (Step: (typeof ROTATION_STEPS)[number]): Promise<number> => {
    const event = { Step, SecretId: secret, ClientRequestToken: token }
    const { error, ms, peakKiB } = await running.invoke(event)
    if (error) throw new Error(`${Step}: ${error.name}: ${error.message}`)
    peaks.push(peakKiB / 1024)
    return Math.ceil(ms)
  }
  const [createSecret, setSecret] = [await step('createSecret'), await step('setSecret')]
  const [testSecret, finishSecret] = [await step('testSecret'), await step('finishSecret')]
  const after = await world.rig.cost()
  return {
    ...{ createSecret, setSecret, testSecret, finishSecret },
    'all four': createSecret + setSecret + testSecret + finishSecret,
    'AWS calls': world.fake.log.length - calls,
    connections: after.connections - before.connections,
    statements: after.statements - before.statements,
    'peak MiB': Math.max(...peaks),
  }
}

function mediansOf(costs: readonly Cost[]): Cost {
  const median = (key: keyof Cost): number => middle(costs.map((cost) => cost[key]))
  return {
    createSecret: median('createSecret'),
    setSecret: median('setSecret'),
    testSecret: median('testSecret'),
    finishSecret: median('finishSecret'),
    'all four': median('all four'),
    'AWS calls': median('AWS calls'),
    connections: median('connections'),
    statements: median('statements'),
    'peak MiB': median('peak MiB'),
  }
}

function middle(numbers: readonly number[]): number {
  return Math.round(numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0)
}

function table(rows: readonly Row[]): string {
  const lines = [
    ['database', 'users', ...COLUMNS],
    ['---', '---', ...COLUMNS.map(() => '--:')],
    ...rows.map(({ database, users, medians }) => [
      ...[database, users],
      ...COLUMNS.map((name) => String(medians[name])),
    ]),
  ]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
