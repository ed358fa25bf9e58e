import { rm } from 'node:fs/promises'
import type { RigEngine } from '../rig/engine.ts'
import { NOTHING_BESIDES } from './arrange.ts'
import type { Aftermath } from './arrange.ts'
import { firstDocuments } from './cases.ts'
import type { CrashCase, Documents } from './cases.ts'
import { currentDocuments, read } from './documents.ts'
import type { FaultKind, Point } from './faults.ts'
import { common, plainRun } from './plain.ts'
import type { PlainRun } from './plain.ts'
import { Prober } from './prober.ts'
import { healed } from './healed.ts'
import { LIMIT_MS } from './process.ts'
import { choose } from './share.ts'
import type { Share } from './share.ts'
import { tell } from './strikes.ts'
import { startOpenemrWorld } from './openemr-world.ts'
import { startWorld } from './world.ts'
import type { StoreKind, World } from './world.ts'

/** One case with one kind of store: what is tried one point after the other. */
export interface Unit {
  readonly row: CrashCase
  readonly store: StoreKind
}

/** One kind of server, on which units are tried one after the other. */
export interface EngineUnits {
  readonly engine: RigEngine['engine']
  readonly start: () => Promise<RigEngine>
  readonly units: readonly Unit[]
}

/** How a unit is tried. */
export interface LaneOptions {
  readonly faults: readonly FaultKind[]
  readonly share: Share
  /** Where compiled sources are kept from one process to the next. */
  readonly cache: string
  /** Is told of every point that was not covered or broke something, as it happens. */
  readonly say: (line: string) => void
  /** Is told of every fault when all its points have been tried. */
  readonly done: (result: FaultResult) => void
}

/** What came of one fault in one unit. */
export interface FaultResult {
  readonly engine: string
  readonly row: string
  readonly store: StoreKind
  readonly fault: string
  /** Points that a run has. */
  readonly all: number
  /** Points of these that were to be tried. */
  readonly chosen: number
  /** Points at which the fault did strike, and was judged. */
  readonly covered: number
  /** Points that broke something. */
  readonly broken: readonly string[]
  readonly seconds: number
}

/** What the units of an engine showed. */
export interface EngineResult {
  readonly results: readonly FaultResult[]
  /** Every external call that a run made at least once, struck or not. */
  readonly calls: ReadonlySet<string>
}

/** A point is tried so often until its run reaches it: how often a run polls depends on time. */
const TRIES = 4

const HUNG = `it neither ended nor reached its point within ${LIMIT_MS / 1000} s, and was killed`

/** Worlds that may break before a unit is given up. */
const MOST_WORLDS = 6

/** Counts the points of each unit by a run without a fault, and tries those of the share. */
export async function tryEngine(units: EngineUnits, options: LaneOptions): Promise<EngineResult> {
  await using server = new Server(units.start)
  const results: FaultResult[] = []
  const calls = new Set<string>()
  for (const unit of units.units) {
    await server.makeFit(unit.row)
    await using trying = new Trying(units.engine, unit, { ...options, server })
    const plain = await trying.plain()
    for (const call of plain.made) calls.add(call)
    results.push(...(await trying.all(plain)))
  }
  return { results, calls }
}

/** A server that is started when it is needed, with what it accepts; a broken one is replaced. */
class Server implements AsyncDisposable {
  readonly #start: () => Promise<RigEngine>
  #first = firstDocuments
  #running: { readonly engine: RigEngine; readonly documents: Documents } | undefined

  constructor(start: () => Promise<RigEngine>) {
    this.#start = start
  }

  async get(): Promise<{ readonly engine: RigEngine; readonly documents: Documents }> {
    if (this.#running) return this.#running
    const engine = await this.#start()
    this.#running = { engine, documents: this.#first(engine) }
    return this.#running
  }

  /** A case with documents of its own cannot begin with what another has left. */
  async makeFit({ documents = firstDocuments }: CrashCase): Promise<void> {
    if (documents !== this.#first) await this[Symbol.asyncDispose]()
    this.#first = documents
  }

  /** The next world begins with what the last one has left. */
  keep(documents: Documents): void {
    if (this.#running) this.#running = { ...this.#running, documents }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.engine[Symbol.asyncDispose]()
    this.#running = undefined
  }
}

interface TryingOptions extends LaneOptions {
  readonly server: Server
}

/** A point with the fault that strikes there. */
interface FaultPoint extends Point {
  readonly fault: FaultKind
}

class Trying implements AsyncDisposable {
  readonly #engine: string
  readonly #unit: Unit
  readonly #options: TryingOptions
  #stage: { readonly world: World; readonly prober: Prober } | undefined
  #worlds = 0

  constructor(engine: string, unit: Unit, options: TryingOptions) {
    this.#engine = engine
    this.#unit = unit
    this.#options = options
  }

  async plain(): Promise<PlainRun> {
    return common(await this.#plainOnce(), await this.#plainOnce())
  }

  async #plainOnce(): Promise<PlainRun> {
    const { world, prober } = await this.#ready()
    await using aftermath = await this.#arrange()
    const plain = await plainRun(world)
    const problems = [...(await prober.unsettled()), ...(await aftermath.broken())]
    if (problems.length > 0) throw new Error(`without a fault: ${problems.join('; ')}`)
    return plain
  }

  async all(plain: PlainRun): Promise<readonly FaultResult[]> {
    const { row, store } = this.#unit
    const points = pointsOf(this.#options.faults, plain, this.#unit)
    const group = [this.#engine, row.name, store].join(' ')
    const chosen = choose(points, group, shareOf(row, this.#options.share))
    const results: FaultResult[] = []
    for (const fault of this.#options.faults) {
      const mine = chosen.filter((point) => point.fault === fault)
      const count = points.filter((point) => point.fault === fault).length
      if (count > 0) results.push(await this.#tryFault(fault, mine, count))
    }
    return results
  }

  async #tryFault(fault: FaultKind, chosen: readonly Point[], all: number): Promise<FaultResult> {
    const { row, store } = this.#unit
    const engine = this.#engine
    const begun = performance.now()
    const broken: string[] = []
    let covered = 0
    for (const point of chosen) {
      const name = `${engine}, ${row.name}, ${store}, ${point.label}`
      const problems = await this.#tryPoint(point).catch((error: unknown) => [String(error)])
      if (problems === undefined) {
        this.#options.say(`NOT REACHED ${name}`)
        continue
      }
      covered += 1
      if (problems.length === 0) continue
      broken.push(point.label)
      this.#options.say(`BROKEN ${name}\n  ${problems.join('\n  ')}`)
      await this.#breakUp()
    }
    const seconds = (performance.now() - begun) / 1000
    const told = { engine, row: row.name, store, fault: fault.name }
    const result = { ...told, all, chosen: chosen.length, covered, broken, seconds }
    this.#options.done(result)
    return result
  }

  /** @returns what is broken; undefined when the run never reached the point. */
  async #tryPoint(point: Point): Promise<readonly string[] | undefined> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { world, prober } = await this.#ready()
      await using aftermath = await this.#arrange()
      const { reached, problems, ended } = await point.strike(world, prober)
      const after = [...(await healed(world, prober)), ...(await aftermath.broken())]
      const all = [...problems, ...(ended.hung ? [HUNG] : []), ...after]
      if (all.length > 0) return [...all, `the run that was struck: ${ended.code} ${tell(ended)}`]
      if (reached) return []
    }
    return undefined
  }

  async #arrange(): Promise<Aftermath> {
    const { world, prober } = await this.#ready()
    return (await world.row.arrange?.(world, prober)) ?? NOTHING_BESIDES
  }

  /** A world that has rotated once, so that every run after it begins alike. */
  async #ready(): Promise<{ readonly world: World; readonly prober: Prober }> {
    if (this.#stage) return this.#stage
    const { row, store } = this.#unit
    if (++this.#worlds > MOST_WORLDS) throw new Error('too many worlds broke')
    const { cache, server } = this.#options
    const { engine, documents } = await server.get()
    const options = { store, documents, cache }
    const world = await ('platform' in row
      ? startOpenemrWorld(engine, row, options)
      : startWorld(engine, row, options))
    const prober = new Prober(world)
    this.#stage = { world, prober }
    const problems = await healed(world, prober)
    if (problems.length > 0) throw new Error(`without a fault: ${problems.join('; ')}`)
    return this.#stage
  }

  /** Nothing of a world that broke is used again. */
  async #breakUp(): Promise<void> {
    const { world } = this.#stage ?? {}
    this.#stage = undefined
    await world?.[Symbol.asyncDispose]()
    await this.#options.server[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stage === undefined) return
    const { world } = this.#stage
    this.#options.server.keep(currentDocuments((await world.secrets.labelled()).map(read)))
    this.#stage = undefined
    await world[Symbol.asyncDispose]()
  }
}

/** OpenEMR's rotation is one of two slots and one of an admin, which are rows, too: a sixteenth. */
function shareOf(row: CrashCase, share: Share): Share {
  return 'platform' in row && share.of > 1 ? { ...share, of: 16 * share.of } : share
}

/** All points of a unit, fault by fault. */
function pointsOf(
  faults: readonly FaultKind[],
  plain: PlainRun,
  { row, store }: Unit,
): readonly FaultPoint[] {
  // No case with another store makes these calls: all of them are struck with the fake store.
  const where = { store, alone: row.owned === true || 'platform' in row }
  return faults.flatMap((fault) => {
    return fault.points(struckBy(fault.name, plain, row), where).map((point): FaultPoint => {
      return { ...point, label: `${fault.name}: ${point.label}`, fault }
    })
  })
}

/** What a run passes by, as far as this fault strikes it. */
function struckBy(fault: string, plain: PlainRun, row: CrashCase): PlainRun {
  if (!('platform' in row)) return plain
  const calls = plain.calls.filter(({ point }) => row.strikes(fault, point.call))
  return { ...plain, calls, requests: { vault: 0, owner: 0 } }
}

/** Removes what processes have kept of their compiled sources. */
export async function removeCache(cache: string): Promise<void> {
  await rm(cache, { recursive: true, force: true })
}
