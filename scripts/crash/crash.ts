import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CASES } from '../../packages/testkit/src/crash/cases.ts'
import { faultKinds } from '../../packages/testkit/src/crash/faults.ts'
import type { FaultKind } from '../../packages/testkit/src/crash/faults.ts'
import { removeCache, tryEngine } from '../../packages/testkit/src/crash/lane.ts'
import type { EngineUnits, FaultResult, Unit } from '../../packages/testkit/src/crash/lane.ts'
import type { Share } from '../../packages/testkit/src/crash/share.ts'
import { noSmallDisk } from '../../packages/testkit/src/crash/small-disk.ts'
import { mariadbRig } from '../../packages/testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../../packages/testkit/src/rig/mysql.ts'
import { AWS_ENVIRONMENT } from '../../packages/testkit/src/rig/rig.ts'
import { postgresRig } from '../../packages/testkit/src/rig/postgres.ts'
import type { Tally } from '../lib/tally.ts'
import type { ServiceReport } from '../services.ts'
import { table, writesUnreached } from './report.ts'

/** Which part of the lane is to run. */
export interface CrashOptions {
  readonly share: Share
  /** Only the engine, the strategy, the fault of this name. */
  readonly only: {
    readonly engine?: string | undefined
    readonly strategy?: string | undefined
    readonly fault?: string | undefined
  }
  readonly services: ServiceReport
}

const ENGINES = { postgres: postgresRig, mariadb: mariadbRig, mysql: mysqlRig } as const

/** Runs the lane and reports it. */
export async function crash({ share, only, services }: CrashOptions): Promise<Tally> {
  const begun = performance.now()
  const { faults, skipped } = faultsOf(only.fault)
  const engines = enginesOf(only, services)
  console.log(`crash: seed ${share.seed}, ${partOf(share)}`)
  // This process looks at the store, too.
  Object.assign(process.env, AWS_ENVIRONMENT)
  const cache = await mkdtemp(join(tmpdir(), 'cuedot-crash-cache-'))
  const problems: string[] = []
  const options = { faults, share, cache, say: console.log, done: tellProgress }
  // One server each, and all at the same time: much of a trial is waiting.
  const tried = engines.map(async (units) => {
    try {
      return [await tryEngine(units, options)]
    } catch (error) {
      problems.push(`${units.engine}: ${String(error)}`)
      return []
    }
  })
  const done = (await Promise.all(tried)).flat()
  await removeCache(cache)
  const results = done.flatMap((unit) => unit.results)
  console.log(table(results))
  for (const method of writesUnreached(done, only))
    problems.push(`no run reached ${method}, which writes`)
  for (const problem of problems) console.log(`crash: FAILED ${problem}`)
  console.log(`crash: ${((performance.now() - begun) / 1000).toFixed(0)} s`)
  return tallyOf(results, problems.length, skipped)
}

function partOf({ of, most = Infinity, oneFault }: Share): string {
  if (of === 1 && !oneFault) return 'every point'
  const limit = most === Infinity ? '' : `, ${most} of a row at most`
  return `one place in ${of}${limit}, ${oneFault ? 'one fault' : 'every fault'} at each`
}

/** A full run takes long: what is finished is told at once. */
function tellProgress({ engine, row, store, fault, covered, all }: FaultResult): void {
  console.log(`crash: ${engine}, ${row}, ${store}, ${fault}: ${covered} of ${all} points`)
}

function tallyOf(results: readonly FaultResult[], problems: number, skipped: number): Tally {
  const sum = (pick: (result: FaultResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0)
  const passed = sum(({ covered, broken }) => covered - broken.length)
  return { passed, failed: sum(({ chosen }) => chosen) - passed + problems, skipped }
}

function faultsOf(name: string | undefined): {
  readonly faults: readonly FaultKind[]
  readonly skipped: number
} {
  const asked = faultKinds(noSmallDisk()).filter((fault) => (name ?? fault.name) === fault.name)
  for (const { name: fault, impossible } of asked)
    if (impossible !== undefined) console.log(`crash: no ${fault}: ${impossible}`)
  const faults = asked.filter(({ impossible }) => impossible === undefined)
  return { faults, skipped: asked.length - faults.length }
}

function enginesOf(only: CrashOptions['only'], services: ServiceReport): readonly EngineUnits[] {
  const engines = (['postgres', 'mariadb', 'mysql'] as const).filter((engine) => {
    const service = services[engine]
    if (!service.available) console.log(`crash: no ${engine}: ${service.reason}`)
    return service.available && (only.engine ?? engine) === engine
  })
  const rows = CASES.filter(({ name }) => name.startsWith(only.strategy ?? ''))
  return engines.map((engine) => {
    const able = rows.filter((row) => row.engines?.includes(engine) !== false)
    const units = able.flatMap((row) => row.stores.map((store): Unit => ({ row, store })))
    return { engine, start: ENGINES[engine], units }
  })
}
