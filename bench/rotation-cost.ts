/**
 * What one rotation costs: `npm run bench:rotation-cost`. For each engine, five rotations by the
 * command line in a process of its own: store calls, database connections and statements (counted
 * from the fake's and the server's own logs), wall time and peak memory. One JSON object a line.
 * Times depend on the machine: compare them within one run.
 */
import { mariadbRig } from '../packages/testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../packages/testkit/src/rig/mysql.ts'
import { postgresRig } from '../packages/testkit/src/rig/postgres.ts'
import { startRig } from '../packages/testkit/src/rig/rig.ts'
import type { Rig } from '../packages/testkit/src/rig/rig.ts'
import { MYSQL_HERE } from '../packages/testkit/src/servers/mysql-here.ts'

const ENGINES = {
  PostgreSQL: postgresRig,
  MariaDB: mariadbRig,
  ...(MYSQL_HERE !== undefined && { MySQL: mysqlRig }),
}
const ROTATIONS = 5

/** Prints the process's peak memory when it ends; the command line knows nothing of it. */
const RECORDER = `process.on('exit', () => console.error('PEAK ' + process.resourceUsage().maxRSS))`
process.env['NODE_OPTIONS'] = `--import=data:text/javascript,${encodeURIComponent(RECORDER)}`

for (const [name, startEngine] of Object.entries(ENGINES)) {
  await using rig = await startRig(await startEngine())
  await rotate(rig)
  const runs: Cost[] = []
  for (let n = 0; n < ROTATIONS; n++) runs.push(await rotate(rig))
  console.log(JSON.stringify({ engine: name, rotations: ROTATIONS, ...medians(runs) }))
}

interface Cost {
  readonly storeCalls: number
  readonly connections: number
  readonly statements: number
  readonly wallMs: number
  /** Of which the quiet window of the drain. */
  readonly drainMs: number
  readonly peakMiB: number
}

async function rotate(rig: Rig): Promise<Cost> {
  const [calls, before] = [rig.store.log.length, await rig.engine.cost()]
  const begun = performance.now()
  const { code, stdout, stderr } = await rig.cuedot(['rotate', '--json']).ended
  const wallMs = performance.now() - begun
  if (code !== 0) throw new Error(stderr)
  const after = await rig.engine.cost()
  const { actions }: { actions: readonly { step: string; durationMs: number }[] } =
    JSON.parse(stdout)
  return {
    storeCalls: rig.store.log.length - calls,
    connections: after.connections - before.connections,
    statements: after.statements - before.statements,
    wallMs,
    drainMs: actions.find(({ step }) => step === 'drain')?.durationMs ?? 0,
    peakMiB: Number(/PEAK (\d+)/.exec(stderr)?.[1] ?? 0) / 1024,
  }
}

function medians(runs: readonly Cost[]): Cost {
  const median = (key: keyof Cost): number =>
    Math.round(runs.map((cost) => cost[key]).toSorted((a, b) => a - b)[runs.length >> 1] ?? 0)
  return {
    storeCalls: median('storeCalls'),
    connections: median('connections'),
    statements: median('statements'),
    wallMs: median('wallMs'),
    drainMs: median('drainMs'),
    peakMiB: median('peakMiB'),
  }
}
