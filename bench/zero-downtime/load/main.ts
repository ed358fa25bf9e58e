/**
 * The load generator, a process of its own. Requests arrive at a fixed rate whatever the server
 * does, and their time counts from when they were due: a stall cannot hide behind requests that
 * were not sent.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { LoadSetup, Order, Report, Sample } from './messages.ts'
import { LOAD_KINDS, SHAPE } from './shape.ts'
import type { LoadKind } from './shape.ts'
import { Worker } from './worker.ts'
import type { Ended } from './worker.ts'

const setup = readSetup(process.argv[2])
const REPORT_MS = 200
const RESOLUTION_MS = 10

let samples: Sample[] = []
const workers: Worker[] = []
const underWay: Readonly<Record<LoadKind, Set<Promise<void>>>> = {
  connect: new Set(),
  pooled: new Set(),
  long: new Set(),
}
let heldBack = 0
const stop = new AbortController()
let turn = 0

function readSetup(text = ''): LoadSetup {
  const value: LoadSetup = JSON.parse(text)
  return value
}

/** Sends requests of one kind until the end; what is late is sent at once. */
async function arrivals(kind: LoadKind): Promise<void> {
  const everyMs = 1000 / SHAPE.perSecond[kind]
  let dueAt = performance.now()
  for (let count = 1; !stop.signal.aborted; count++) {
    dueAt += everyMs * (0.5 + Math.random())
    const waitMs = dueAt - performance.now()
    if (waitMs > 0) await delay(waitMs)
    const going = underWay[kind]
    if (going.size >= SHAPE.perSecond[kind] * SHAPE.mostSecondsUnderWay) {
      heldBack += 1
      continue
    }
    // A timer may fire early by less than a millisecond; nothing is served before it is asked for.
    const work = serve(kind, count, Math.min(dueAt, performance.now()))
    going.add(work)
    void work.finally(() => going.delete(work))
  }
}

async function serve(kind: LoadKind, count: number, dueAt: number): Promise<void> {
  turn += 1
  const worker = workers[turn % workers.length]
  if (!worker) throw new Error('there are no workers')
  if (kind === 'connect') await observe(kind, dueAt, () => worker.connect())
  else if (kind === 'pooled') await observe(kind, dueAt, () => worker.pooled())
  else if (count % SHAPE.jobEvery > 0) await observe(kind, dueAt, () => worker.long())
  else await job(worker, dueAt)
}

/** A job ends at its first failure, as jobs do. */
async function job(worker: Worker, dueAt: number): Promise<void> {
  let ended = await observe('long', dueAt, () => worker.longAlone())
  for (let n = 1; n < SHAPE.jobTransactions && ended === undefined; n++)
    ended = await observe('long', performance.now(), () => worker.longAlone())
}

async function observe(kind: LoadKind, due: number, work: () => Promise<Ended>): Promise<Ended> {
  const failure = await work()
  const ms = Math.round((performance.now() - due) * 100) / 100
  const at = Math.round(Date.now() - ms)
  samples.push({ kind, at, ms, ...(failure !== undefined && { failure }) })
  return failure
}

/**
 * A rolling restart is over when every new worker serves. The ones before them finish what they
 * have begun. So it is with a Deployment: its `replicas` are "non-terminating pods" (Kubernetes API
 * reference, DeploymentStatus), so a rollout is complete while pods that must end still work.
 */
async function roll(): Promise<void> {
  for (const [index, before] of workers.entries()) {
    workers[index] = await Worker.start(setup)
    void before.stop()
  }
}

async function tell(report: Report): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  process.send?.(report, undefined, undefined, () => resolve())
  await promise
}

async function tellSamples(): Promise<void> {
  const seen = samples
  samples = []
  await tell({ kind: 'samples', samples: seen })
}

async function finish(): Promise<void> {
  stop.abort()
  await Promise.all(loops)
  await Promise.all(LOAD_KINDS.flatMap((kind) => [...underWay[kind]]))
  await Promise.all(workers.map((worker) => worker.stop()))
  clearInterval(timer)
  await tellSamples()
  loop.disable()
  const late = (share: number): number => Math.max(0, loop.percentile(share) / 1e6 - RESOLUTION_MS)
  const loopDelay = { p50: late(50), p99: late(99), max: late(100) }
  await tell({ kind: 'ended', loopDelay, heldBack })
  process.disconnect()
}

async function obey(order: Order): Promise<void> {
  if (order === 'stop') return await finish()
  try {
    await roll()
    await tell({ kind: 'rolled' })
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'a worker does not start'
    await tell({ kind: 'rolled', problem })
  }
}

process.once('disconnect', () => process.exit(0))
for (let n = 0; n < SHAPE.workers; n++) workers.push(await Worker.start(setup))
process.on('message', (order: Order) => void obey(order))
const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
loop.enable()
const timer = setInterval(() => void tellSamples(), REPORT_MS)
const loops = LOAD_KINDS.map(arrivals)
await tell({ kind: 'ready' })
