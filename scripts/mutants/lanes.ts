import { delimiter, join } from 'node:path'
import { runGroup } from './group.ts'
import type { GroupEnded } from './group.ts'
import type { Lane } from './mutant.ts'

/**
 * What a lane says of a mutant. `hung`: it was ended after its limit and had named nothing;
 * `crashed`: it failed without naming a test or an invariant. Neither shows that a test would tell.
 */
export type Verdict = 'killed' | 'SURVIVED' | 'hung' | 'crashed'

const SECOND = 1000

/** Far more than a lane takes on two cores, with the few files that a mutant names. */
const LIMITS_MS: Readonly<Record<Lane['kind'], number>> = {
  unit: 60 * SECOND,
  sim: 120 * SECOND,
  real: 180 * SECOND,
}

/** More files than this have the limit so many times. */
const FILES_PER_LIMIT = 4

/** Runs a lane in a copy of the project. */
export function runLane(lane: Lane, folder: string): Promise<GroupEnded> {
  const files = lane.kind === 'sim' ? 1 : lane.files.length
  const PATH = [join(folder, 'node_modules/.bin'), process.env['PATH']].join(delimiter)
  return runGroup({
    argv: argvOf(lane),
    cwd: folder,
    env: { ...process.env, PATH, NO_COLOR: '1', CI: '' },
    limitMs: LIMITS_MS[lane.kind] * Math.ceil(files / FILES_PER_LIMIT),
  })
}

function argvOf(lane: Lane): readonly string[] {
  if (lane.kind === 'sim')
    return ['--conditions=cuedot-source', 'scripts/sim.ts', '--runs', String(lane.runs)]
  const files = lane.files.map((file) => `packages/rotator/${file}`)
  // The reporter that prints each test when it ends, so that a hung run has told the others.
  const options = ['--project', lane.kind, '--reporter=verbose', '--bail=1']
  return ['node_modules/vitest/vitest.mjs', 'run', ...options, ...files]
}

/** A test or an invariant that is named as failed. */
const NAMED = { tests: /^\s*×.* > /m, sim: /^sim: BROKEN /m }

/** Something that passed: a lane in which nothing ran cannot kill anything. */
const PASSED = { tests: /^\s*✓.* > /m, sim: /^sim: seed .* 0 broken/m }

/** What the end of a lane says of the mutant that was planted. */
export function verdictOf(lane: Lane, { hung, code, output }: GroupEnded): Verdict {
  const named = lane.kind === 'sim' ? NAMED.sim : NAMED.tests
  if (code === 0 && !hung) return 'SURVIVED'
  if (named.test(output)) return 'killed'
  return hung ? 'hung' : 'crashed'
}

/** True when a lane is green, and something in it ran. */
export function isGreen(lane: Lane, { hung, code, output }: GroupEnded): boolean {
  const passed = lane.kind === 'sim' ? PASSED.sim : PASSED.tests
  return code === 0 && !hung && passed.test(output)
}

/** Each lane once, with the files of all mutants of its kind together. */
export function lanesOf(lanes: readonly Lane[]): readonly Lane[] {
  const files = (kind: 'unit' | 'real'): Lane[] => {
    const all = lanes.flatMap((lane) => (lane.kind === kind ? lane.files : []))
    return all.length === 0 ? [] : [{ kind, files: [...new Set(all)] }]
  }
  const runs = lanes.flatMap((lane) => (lane.kind === 'sim' ? [lane.runs] : []))
  const sim: Lane[] = runs.length === 0 ? [] : [{ kind: 'sim', runs: Math.max(...runs) }]
  return [...files('unit'), ...sim, ...files('real')]
}
