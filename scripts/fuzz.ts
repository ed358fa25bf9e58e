/**
 * `npm run test:fuzz [-- --runs N --seed S]`: the fuzz tests with at least N cases in all (default
 * 100,000) from a seed that is printed. The same seed gives the same cases. Closes with
 * `N passed, N failed`; too few cases count as one failure.
 */
import { parseArgs } from 'node:util'
import { run } from './lib/run.ts'
import { close } from './lib/tally.ts'

const DEFAULT_RUNS = 100_000

/** Every file whose tests ask test/fuzz.ts how many cases to try. */
const FILES: readonly string[] = [
  ...['fuzz-documents', 'fuzz-config', 'fuzz-files', 'fuzz-packets'],
  ...['config-targets', 'php-sqlconf'],
].map((name) => `packages/rotator/test/${name}`)

const { values } = parseArgs({ options: { runs: { type: 'string' }, seed: { type: 'string' } } })
const runs = Number(values.runs ?? DEFAULT_RUNS)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
process.env['CUEDOT_FUZZ_RUNS'] = String(runs)
process.env['CUEDOT_FUZZ_SEED'] = String(seed)
console.log(`fuzz: seed ${seed}, at least ${runs} cases`)

const projects = ['--project', 'unit', '--project', 'real']
const options = [...projects, '--reporter=verbose', `--testTimeout=${30 * 60_000}`]
const { code, output } = await run('vitest', ['run', ...options, ...FILES])
console.log(output)

const counts = [...output.matchAll(/fuzz: .*: (\d+) cases/g)].map(([, count]) => Number(count))
const total = counts.reduce((sum, count) => sum + count, 0)
const count = (word: string): number =>
  Number(new RegExp(`Tests .*?(\\d+) ${word}`).exec(output)?.[1] ?? 0)
console.log(`fuzz: seed ${seed}, ${total} cases`)
const few = total < runs || counts.length === 0 ? 1 : 0
const failed = count('failed') + few
close({ passed: count('passed'), failed: code === 0 ? few : Math.max(1, failed), skipped: 0 })
