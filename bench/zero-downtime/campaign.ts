import { loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { RigEngine } from '../../packages/testkit/src/rig/engine.ts'
import { rigCall, withFreshSlots } from '../../packages/testkit/src/rig/fresh-slots.ts'
import { startRig } from '../../packages/testkit/src/rig/rig.ts'
import type { Rig } from '../../packages/testkit/src/rig/rig.ts'
import { envFile, envPath } from './env-file.ts'
import type { Sample } from './load/messages.ts'
import { startLoad } from './load/process.ts'
import type { Load } from './load/process.ts'
import { openSession } from '../../packages/testkit/src/rig/consumer-session.ts'
import type { DatabaseSession } from '../../packages/testkit/src/rig/consumer-session.ts'
import { LOAD_KINDS, SHAPE } from './load/shape.ts'
import type { LoadKind } from './load/shape.ts'
import { ROW_IDS } from './load/worker.ts'
import { figuresOf } from './measure.ts'
import type { LoadFigures, Span } from './measure.ts'
import type { StrategyResult } from './results.ts'
import { DRAIN } from './strategies.ts'
import type { Strategy } from './strategies.ts'

/** The load alone: before the first rotation, and between two. */
const WARM_UP_MS = 2000
const PAUSE_MS = 600

/** Rotates a credential under load, with one strategy on one server. */
export async function measure(
  server: RigEngine,
  strategy: Strategy,
  rotations: number,
): Promise<Omit<StrategyResult, 'date'>> {
  await using stack = new AsyncDisposableStack()
  const engine = await withFreshSlots(server)
  const loading = Promise.withResolvers<Load>()
  const roll = async (): Promise<void> => await (await loading.promise).roll()
  const rig = stack.use(await startRig(engine, strategy.rig, { roll, target: { drain: DRAIN } }))
  const before = await rowsIn(rig)
  const { host, port, dbname, caFile } = engine
  const at = { engine: engine.engine, host, port, dbname, caFile, envFile: envPath(rig) }
  const load = stack.use(await startLoad(at))
  loading.resolve(load)
  const spans: Span[] = []
  await delay(WARM_UP_MS)
  for (let n = 0; n < rotations; n++) {
    const from = Date.now()
    await strategy.rotate({ rig, load })
    spans.push({ from, to: Date.now() })
    await delay(PAUSE_MS)
  }
  const end = await load.stop()
  const loads = figuresOf(load.samples, spans)
  if (strategy.own) tellFailures(load.samples, spans)
  const sum = (key: 'attempts' | 'failed'): number =>
    loads.reduce((total, figures) => total + figures[key], 0)
  const { name, title, own } = strategy
  return {
    ...{ engine: engine.engine, version: await versionOf(rig) },
    ...{ strategy: name, title, own, rotations },
    rotationMs: median(spans.map(({ from, to }) => to - from)),
    ...{ attempts: sum('attempts'), failed: sum('failed'), loads },
    rows: written(loads, before, await rowsIn(rig)),
    ...end,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}

/** Logs in with what consumers find in the file. */
async function consumer(rig: Rig): Promise<DatabaseSession> {
  return await openSession(rig.engine, await envFile(rig).read(rigCall()))
}

type Rows = Readonly<Record<LoadKind, number>>

async function rowsIn(rig: Rig): Promise<Rows> {
  const session = await consumer(rig)
  const answer = await session.query('SELECT id, count(*) FROM visit GROUP BY id')
  await session.close()
  const count = (kind: LoadKind): number =>
    Number(answer.find(([id]) => id === ROW_IDS[kind])?.[1] ?? 0)
  return { connect: count('connect'), pooled: count('pooled'), long: count('long') }
}

function written(loads: readonly LoadFigures[], before: Rows, after: Rows): StrategyResult['rows'] {
  const of = (kind: LoadKind): { found: number; expected: number } => {
    const { attempts = 0, failed = 0 } = loads.find(({ load }) => load === kind) ?? {}
    const expected = (attempts - failed) * SHAPE.rows[kind]
    return { found: after[kind] - before[kind], expected }
  }
  const [connect, pooled, long] = LOAD_KINDS.map(of)
  const nothing = { found: 0, expected: 0 }
  return { connect: connect ?? nothing, pooled: pooled ?? nothing, long: long ?? nothing }
}

async function versionOf(rig: Rig): Promise<string> {
  const session = await consumer(rig)
  const [row] = await session.query('SELECT version()')
  await session.close()
  return /\d+(\.\d+)+/.exec(String(row?.[0]))?.[0] ?? 'unknown'
}

const MOST_TOLD = 20

/** When cuedot fails, the moment within the rotation says where to look. */
function tellFailures(samples: readonly Sample[], spans: readonly Span[]): void {
  const failed = samples.filter(({ failure }) => failure !== undefined)
  for (const { kind, at, ms, failure } of failed.slice(0, MOST_TOLD)) {
    if (!failure) continue
    const number = spans.findLastIndex(({ from }) => from <= at + ms)
    const { from = at, to = at } = spans[number] ?? {}
    const moment = `rotation ${number + 1} of ${to - from} ms, due at ${at - from} ms`
    console.error(`  ${kind}: ${failure.kind} ${failure.code}: ${moment}, failed after ${ms} ms`)
  }
}
