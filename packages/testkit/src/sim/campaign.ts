import { trial } from './explore.ts'
import { FAULT_MODES } from './faults.ts'
import type { Fault, FaultMode } from './faults.ts'
import { STARTS } from './starts.ts'
import type { Start } from './start.ts'

/** One share of a campaign: worker `index` of `of`. */
export interface Share {
  readonly seed: number
  /** Trials in the whole campaign; every single fault is tried even if that is more. */
  readonly runs: number
  readonly index: number
  readonly of: number
}

/** A trial that broke something, with as few faults as still break it. */
export interface Failure {
  readonly start: string
  readonly faults: readonly Fault[]
  /** Before which call the start's incident happened, where that was drawn. */
  readonly incidentAt?: number
  readonly findings: readonly string[]
}

export interface ShareResult {
  readonly runs: number
  readonly singles: number
  readonly multiples: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly failures: readonly Failure[]
}

/**
 * A clean run of a start has this many calls more after faults: room for the later ones to strike.
 */
const AFTERMATH = 40
/** Failures that are kept and shrunk; more are only noise. */
const MOST_FAILURES = 5

/**
 * Every single fault at every external call from every start, then pairs and triples drawn from the
 * seed until the campaign has had its runs. The same share gives the same trials.
 */
export async function campaign(share: Share): Promise<ShareResult> {
  const random = lottery(share.seed * 7919 + share.index)
  const failures: Failure[] = []
  const lengths = await cleanLengths(failures)
  const outcomes: Record<string, number> = {}
  let singles = 0
  let multiples = 0
  const attempt = async (start: Start, faults: readonly Fault[], at?: number): Promise<void> => {
    const { findings, outcome } = await trial(start, faults, at)
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    if (findings.length > 0 && failures.length < MOST_FAILURES)
      failures.push(await shrink(start, faults, at))
  }
  for (const [start, faults] of singleFaults(lengths, share)) {
    if (failures.length >= MOST_FAILURES) break
    await attempt(start, faults)
    singles += 1
  }
  const total = Math.ceil(share.runs / share.of)
  while (singles + multiples < total && failures.length < MOST_FAILURES) {
    const start = STARTS[Math.floor(random() * STARTS.length)]
    if (start === undefined) break
    const length = lengths.get(start.name) ?? 0
    const incidentAt = start.incident ? Math.floor(random() * length) : undefined
    await attempt(start, drawFaults(length, random), incidentAt)
    multiples += 1
  }
  return { runs: singles + multiples, singles, multiples, outcomes, failures }
}

/** How many calls each start takes when nothing strikes; that must go without a finding, too. */
async function cleanLengths(failures: Failure[]): Promise<ReadonlyMap<string, number>> {
  const lengths = new Map<string, number>()
  for (const start of STARTS) {
    const { calls, findings } = await trial(start, [])
    if (findings.length > 0) failures.push({ start: start.name, faults: [], findings })
    lengths.set(start.name, calls)
  }
  return lengths
}

function* singleFaults(
  lengths: ReadonlyMap<string, number>,
  { index, of }: Share,
): Generator<[Start, readonly Fault[]]> {
  let n = 0
  for (const start of STARTS) {
    for (let at = 0; at < (lengths.get(start.name) ?? 0); at++) {
      for (const mode of FAULT_MODES) if (n++ % of === index) yield [start, [{ at, mode }]]
    }
  }
}

function drawFaults(length: number, random: () => number): readonly Fault[] {
  const count = random() < 0.75 ? 2 : 3
  const faults: Fault[] = []
  for (let n = 0; n < count; n++) {
    const at = Math.floor(random() * (length + AFTERMATH))
    const mode: FaultMode = FAULT_MODES[Math.floor(random() * FAULT_MODES.length)] ?? 'crash-after'
    faults.push({ at, mode })
  }
  return faults.toSorted((a, b) => a.at - b.at)
}

/** Takes faults away as long as it still breaks. */
async function shrink(start: Start, faults: readonly Fault[], at?: number): Promise<Failure> {
  let smallest = faults
  for (const fault of faults) {
    const fewer = smallest.filter((candidate) => candidate !== fault)
    if ((await trial(start, fewer, at)).findings.length > 0) smallest = fewer
  }
  const { findings } = await trial(start, smallest, at)
  const incident = at === undefined ? {} : { incidentAt: at }
  return { start: start.name, faults: smallest, ...incident, findings: findings.slice(0, 5) }
}

/** A small generator with a full period (Numerical Recipes' constants): repeatable, not secret. */
function lottery(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
