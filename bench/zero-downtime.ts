/**
 * `npm run bench:zero-downtime [-- --rotations N --engine X --keep --date D]`: the credential of an
 * application changes again and again while it works. Counts the requests that fail, with cuedot
 * and with two ways that people script themselves, on the same server under the same load.
 *
 * Prints Markdown. `--keep` puts the figures of these databases into `results/zero-downtime.json`,
 * draws the chart beside it and puts both into docs/benchmarks.md; `--draw` only does the drawing
 * and the printing. Exits with 1 when a single request failed under cuedot.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { mariadbRig } from '../packages/testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../packages/testkit/src/rig/mysql.ts'
import { postgresRig } from '../packages/testkit/src/rig/postgres.ts'
import { MYSQL_HERE } from '../packages/testkit/src/servers/mysql-here.ts'
import { measure } from './zero-downtime/campaign.ts'
import { chart } from './zero-downtime/chart.ts'
import { JOB_MS, SHAPE } from './zero-downtime/load/shape.ts'
import { merged, problemsOf } from './zero-downtime/results.ts'
import type { MachineFacts, Results, StrategyResult } from './zero-downtime/results.ts'
import { CLOCK_MS, STRATEGIES } from './zero-downtime/strategies.ts'
import { tables, withFigures } from './zero-downtime/tables.ts'

const ENGINES = {
  postgres: postgresRig,
  mariadb: mariadbRig,
  ...(MYSQL_HERE !== undefined && { mysql: mysqlRig }),
}
const RESULTS = fileURLToPath(new URL('results/', import.meta.url))

const PAGE = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))
const PICTURE =
  '![Failed requests and latency while a database credential changes]' +
  '(../bench/results/zero-downtime.svg)'

/** More than the load can need, so that a stall of the machine is not taken for a failure. */
const MAX_CONNECTIONS = 300

const { values } = parseArgs({
  options: {
    rotations: { type: 'string', default: '100' },
    engine: { type: 'string' },
    keep: { type: 'boolean', default: false },
    draw: { type: 'boolean', default: false },
    date: { type: 'string', default: new Date().toISOString().slice(0, 10) },
  },
})
if (values.draw) {
  const kept = await lastResults()
  if (!kept) throw new Error('there are no figures to draw')
  await keep(kept)
  console.log(tables(kept))
  process.exit(0)
}
const rotations = Number(values.rotations)
if (!Number.isInteger(rotations) || rotations < 1) throw new Error('--rotations: a number from 1')

/** So many show what a baseline does; more would tell the same. */
const baselineRotations = Math.min(30, rotations)

const chosen = Object.entries(ENGINES).filter(([name]) => name === (values.engine ?? name))
if (chosen.length === 0) throw new Error(`--engine: one of ${Object.keys(ENGINES).join(', ')}`)

const measured: StrategyResult[] = []
for (const [name, start] of chosen) {
  await using server = await start({ maxConnections: MAX_CONNECTIONS })
  for (const strategy of STRATEGIES.filter(({ engines }) => engines.includes(server.engine))) {
    const count = strategy.own ? rotations : baselineRotations
    console.error(`${name}: ${strategy.title}: ${count} rotations`)
    const result = { date: values.date, ...(await measure(server, strategy, count)) }
    console.error(`${name}: ${result.failed} of ${result.attempts} requests failed`)
    measured.push(result)
  }
  // After each database: what was measured is not lost when the next one fails.
  if (values.keep) await keep(resultsWith((await lastResults())?.results ?? []))
}
console.log(tables(resultsWith([])))
const problems = problemsOf(measured)
for (const problem of problems) console.error(`NOT AS PROMISED: ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1

function resultsWith(earlier: readonly StrategyResult[]): Results {
  return {
    command: ['npm run bench:zero-downtime -- --keep', ...asked()].join(' '),
    machine: machine(),
    load: SHAPE,
    clockMs: CLOCK_MS,
    jobMs: JOB_MS,
    results: merged(earlier, measured),
  }
}

async function lastResults(): Promise<Results | undefined> {
  const file = `${RESULTS}zero-downtime.json`
  if (!existsSync(file)) return undefined
  const kept: Results = JSON.parse(await readFile(file, 'utf8'))
  return kept
}

async function keep(kept: Results): Promise<void> {
  await mkdir(RESULTS, { recursive: true })
  await writeFile(`${RESULTS}zero-downtime.json`, `${JSON.stringify(kept, undefined, 2)}\n`)
  await writeFile(`${RESULTS}zero-downtime.svg`, chart(kept))
  await writeFile(PAGE, withFigures(await readFile(PAGE, 'utf8'), `${PICTURE}\n\n${tables(kept)}`))
}

function asked(): readonly string[] {
  const options = [...(rotations === 100 ? [] : [`--rotations ${rotations}`])]
  return options
}

function machine(): MachineFacts {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
    node: process.version,
  }
}
