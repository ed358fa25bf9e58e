/**
 * What one rotation of OpenEMR on ECS costs, slots and admin: `npm run bench:openemr`. By what the
 * image holds, as its entry point starts it, on MariaDB, with fakes of Secrets Manager and ECS; AWS
 * calls, database connections and statements are counted from their own logs. Once with a rollout
 * that is over at once, once with one of 20 seconds. One JSON object a line. Times depend on the
 * machine: compare them within one run.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { startEcs } from '../packages/testkit/src/fakes/ecs.ts'
import type { FakeEcs } from '../packages/testkit/src/fakes/ecs.ts'
import { makeOpenemrImage } from '../packages/testkit/src/openemr/image.ts'
import { mariadbForOpenemr } from '../packages/testkit/src/openemr/server.ts'
import type { OpenemrServer } from '../packages/testkit/src/openemr/server.ts'
import { startOpenemr } from '../packages/testkit/src/openemr/world.ts'
import type { OpenemrWorld } from '../packages/testkit/src/openemr/world.ts'
import { counted } from '../packages/testkit/src/rig/mysql-protocol.ts'
import { makeTestTls } from '../packages/testkit/src/servers/tls.ts'

const [CLUSTER, SERVICE] = ['openemr', 'web']
const ROLLOUTS = [
  { seconds: 0, rotations: 5 },
  { seconds: 20, rotations: 2 },
]

/** Prints the process's peak memory when it ends; the command line knows nothing of it. */
const RECORDER = `process.on('exit', () => console.error('PEAK ' + process.resourceUsage().maxRSS))`

interface Place {
  readonly server: OpenemrServer
  readonly world: OpenemrWorld
  readonly ecs: FakeEcs
}

interface Cost {
  readonly awsCalls: number
  readonly connections: number
  readonly statements: number
  readonly wallMs: number
  readonly peakMiB: number
}

await using image = await makeOpenemrImage()
await using tls = await makeTestTls()
await using server = await mariadbForOpenemr(tls)
for (const { seconds, rotations } of ROLLOUTS) {
  await using world = await startOpenemr(server, tls, { at: 'on-a' })
  // Nobody logs in but the rotator: every connection and statement is its own.
  const command = { argv: [process.execPath, '-e', 'setInterval(() => {}, 1000)'] as const }
  const spec = { name: SERVICE, desired: 2, command: () => command }
  const times = { settleMs: seconds * 1000 }
  await using ecs = await startEcs({ cluster: CLUSTER, services: [{ ...spec, times }] })
  const service = ecs.service(SERVICE)
  await service.until(() => service.primary.rolloutState === 'COMPLETED')
  const place = { server, world, ecs }
  await rotate(place)
  const runs: Cost[] = []
  for (let n = 0; n < rotations; n++) runs.push(await rotate(place))
  console.log(JSON.stringify({ rolloutSeconds: seconds, rotations, ...medians(runs) }))
}

async function rotate({ server: database, world, ecs }: Place): Promise<Cost> {
  const calls = (): number => world.store.log.length + ecs.calls.length
  const [asked, before] = [calls(), counted(await database.log())]
  const begun = performance.now()
  const child = spawn(process.execPath, [...image.entryPoint, ...image.command], {
    env: {
      ...{ PATH: process.env['PATH'], ...world.env, AWS_ENDPOINT_URL_ECS: ecs.endpoint },
      ...{ OPENEMR_ECS_CLUSTER: CLUSTER, OPENEMR_ECS_SERVICE: SERVICE },
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(RECORDER)}`,
    },
  })
  child.stdout.resume()
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  const wallMs = performance.now() - begun
  if (code !== 0) throw new Error(said)
  const after = counted(await database.log())
  return {
    awsCalls: calls() - asked,
    connections: after.connections - before.connections,
    statements: after.statements - before.statements,
    wallMs,
    peakMiB: Number(/PEAK (\d+)/.exec(said)?.[1] ?? 0) / 1024,
  }
}

function medians(runs: readonly Cost[]): Cost {
  const median = (key: keyof Cost): number =>
    Math.round(runs.map((cost) => cost[key]).toSorted((a, b) => a - b)[runs.length >> 1] ?? 0)
  return {
    awsCalls: median('awsCalls'),
    connections: median('connections'),
    statements: median('statements'),
    wallMs: median('wallMs'),
    peakMiB: median('peakMiB'),
  }
}
