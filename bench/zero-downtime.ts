/**
 * `npm run bench:zero-downtime [-- --rotations N --engine X --date D]`: the credential of an
 * application changes again and again while it works. Counts the requests that fail, with cuedot
 * and with two ways that people script themselves, on the same server under the same load.
 *
 * Prints Markdown. With every engine it also writes `bench/results/zero-downtime.json` and the
 * chart beside it; `--draw` makes both from the last figures. Exits with 1 when a single request
 * failed under cuedot.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { mariadbRig } from '../packages/testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../packages/testkit/src/rig/mysql.ts'
import { postgresRig } from '../packages/testkit/src/rig/postgres.ts'
import { MYSQL_HERE } from '../packages/testkit/src/servers/mysql.ts'
import { measure } from './zero-downtime/campaign.ts'
import { chart } from './zero-downtime/chart.ts'
import { JOB_MS, SHAPE } from './zero-downtime/load/shape.ts'
import { problemsOf } from './zero-downtime/results.ts'
import type { MachineFacts, Results, StrategyResult } from './zero-downtime/results.ts'
import { CLOCK_MS, STRATEGIES } from './zero-downtime/strategies.ts'
import { tables } from './zero-downtime/tables.ts'

const ENGINES = {
  postgres: postgresRig,
  mariadb: mariadbRig,
  ...(MYSQL_HERE !== undefined && { mysql: mysqlRig }),
}
const RESULTS = fileURLToPath(new URL('results/', import.meta.url))

/** More than the load can need, so that a stall of the machine is not taken for a failure. */
const MAX_CONNECTIONS = 300

const { values } = parseArgs({
  options: {
    rotations: { type: 'string', default: '100' },
    engine: { type: 'string' },
    draw: { type: 'boolean', default: false },
    date: { type: 'string', default: new Date().toISOString().slice(0, 10) },
  },
})
if (values.draw) {
  const kept: Results = JSON.parse(await readFile(`${RESULTS}zero-downtime.json`, 'utf8'))
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

const loadBefore = average()
const measured: StrategyResult[] = []
for (const [name, start] of chosen) {
  await using server = await start({ maxConnections: MAX_CONNECTIONS })
  for (const strategy of STRATEGIES.filter(({ engines }) => engines.includes(server.engine))) {
    const count = strategy.own ? rotations : baselineRotations
    console.error(`${name}: ${strategy.title}: ${count} rotations`)
    const result = await measure(server, strategy, count)
    console.error(`${name}: ${result.failed} of ${result.attempts} requests failed`)
    measured.push(result)
  }
}
const results = resultsNow()
console.log(tables(results))
if (chosen.length === Object.keys(ENGINES).length) await keep(results)
const problems = problemsOf(measured)
for (const problem of problems) console.error(`NOT AS PROMISED: ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1

function resultsNow(): Results {
  return {
    date: values.date,
    command: ['npm run bench:zero-downtime', ...asked()].join(' '),
    machine: machine(),
    load: SHAPE,
    clockMs: CLOCK_MS,
    jobMs: JOB_MS,
    results: measured,
  }
}

async function keep(kept: Results): Promise<void> {
  await mkdir(RESULTS, { recursive: true })
  await writeFile(`${RESULTS}zero-downtime.json`, `${JSON.stringify(kept, undefined, 2)}\n`)
  await writeFile(`${RESULTS}zero-downtime.svg`, chart(kept))
}

function asked(): readonly string[] {
  const options = [
    ...(rotations === 100 ? [] : [`--rotations ${rotations}`]),
    ...(values.engine === undefined ? [] : [`--engine ${values.engine}`]),
  ]
  return options.length === 0 ? [] : ['--', ...options]
}

function machine(): MachineFacts {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
    node: process.version,
    loadBefore,
    loadAfter: average(),
  }
}

/** Runnable processes over the last minute, with one digit behind the point. */
function average(): number {
  return Math.round((loadavg()[0] ?? 0) * 10) / 10
}
