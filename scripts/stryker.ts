/**
 * `npm run test:stryker [-- --mutate FILE --tests FILE --states all]`: how many of all mutants of
 * the domain its own tests kill; of one file with `--mutate password`, and by fewer tests with
 * `--tests password`. A mutant meets a sample of the states that the tests enumerate, and all of
 * them, which takes a minute, only with `--states all`.
 * Prints the mutants that survive, a score for each file and one for all, and closes with
 * `N passed, N failed, N skipped`: a mutant that survives has failed, unless
 * `stryker/equivalent.ts` says why nobody can notice it.
 *
 * Stryker and its 200 packages are installed into a folder for temporary files, in the versions
 * that stand here (docs/adr/0005-dependencies.md): nobody else needs them. A mutant costs one run
 * of the tests that reach it, cheap ones first, until one fails.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { TwoSlotFacts } from '../packages/rotator/src/domain/observed.ts'
import { initialStates } from '../packages/testkit/src/sim/initial-states.ts'
import { twoSlotStates } from '../packages/testkit/src/sim/states.ts'
import { ROOT, run } from './lib/run.ts'
import { add, close, NOTHING } from './lib/tally.ts'
import { EQUIVALENT } from './stryker/equivalent.ts'
import { triedOf } from './stryker/report.ts'
import type { Tried } from './stryker/report.ts'
import { judge, percentOf, scoreOf, scoresOf, tableOf } from './stryker/score.ts'

const STRYKER = '10.1.1'

const whole = { type: 'string', default: '*' } as const
const sampled = { type: 'string', default: 'sample' } as const
const { values } = parseArgs({ options: { mutate: whole, tests: whole, states: sampled } })
const DOMAIN = 'packages/rotator/src/domain'
const folder = join(tmpdir(), `cuedot-stryker-${STRYKER}`)

/** A prime, so that a sample of states is not in step with what they vary in. */
const ONE_IN = 101

await prepare()
const REPORT = join(folder, 'report.json')
// What an earlier run has left would be taken for this one's.
await rm(REPORT, { force: true })
const { code } = await run('npx', ['stryker', 'run'], {
  cwd: folder,
  show: true,
  env: { CUEDOT_STRYKER_TESTS: values.tests, CUEDOT_STRYKER_STATES: values.states },
})
const tried = triedOf(JSON.parse(await readFile(REPORT, 'utf8')))
const tally = tell(tried)
close(add(tally, { ...NOTHING, failed: code === 0 ? 0 : 1 }))

/** Makes the folder: Stryker, and the sources that the tests of the domain need. */
async function prepare(): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'package.json'), JSON.stringify(await manifest()))
  const installed = await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder })
  if (installed.code !== 0) throw new Error(installed.output)
  for (const old of ['packages', 'scripts'])
    await rm(join(folder, old), { recursive: true, force: true })
  for (const part of [
    'packages/rotator/src',
    'packages/client',
    'packages/testkit',
    'scripts/stryker',
  ])
    await cp(join(ROOT, part), join(folder, part), { recursive: true, filter: isSource })
  await writeFile(join(folder, 'sample.json'), JSON.stringify([...sample()]))
  await writeFile(join(folder, 'stryker.config.json'), JSON.stringify(settings()))
}

/** For `stryker/sample.ts`, which would need seconds to enumerate all states for each mutant. */
function* sample(): Generator<TwoSlotFacts> {
  let n = 0
  for (const states of [twoSlotStates(), initialStates()])
    for (const state of states) if (n++ % ONE_IN === 0) yield state
}

/** The versions of this project, and Stryker. */
async function manifest(): Promise<object> {
  const own: unknown = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const has = typeof own === 'object' && own !== null && 'devDependencies' in own
  const ours = new Map(Object.entries(has ? Object(own.devDependencies) : {}))
  const names = ['vitest', 'fast-check']
  const versions = names.map((name) => [name, String(ours.get(name))])
  const stryker = ['core', 'vitest-runner'].map((name) => [`@stryker-mutator/${name}`, STRYKER])
  const dependencies = Object.fromEntries([...versions, ...stryker])
  return { name: 'cuedot-stryker', private: true, type: 'module', dependencies }
}

function isSource(path: string): boolean {
  return !path.includes('node_modules') && !path.includes('/dist/')
}

function settings(): object {
  return {
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    vitest: { configFile: 'scripts/stryker/vitest.config.ts', related: false },
    mutate: [`${DOMAIN}/${values.mutate}.ts`, `!${DOMAIN}/**/*.test.ts`],
    coverageAnalysis: 'perTest',
    // Constants are seen by every test: each of their mutants would run them all.
    ignoreStatic: true,
    timeoutMS: 20_000,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: 'report.json' },
  }
}

/** Prints what survived, and the scores. */
function tell(mutants: readonly Tried[]): ReturnType<typeof judge>['tally'] {
  const judged = judge(mutants, EQUIVALENT)
  for (const { file, line, text, replacement } of judged.holes)
    console.log(`survived: ${DOMAIN}/${file}.ts:${line}\n  - ${text}\n  + ${replacement}`)
  for (const { file, text, replacement, why } of judged.explained)
    console.log(`skipped: ${file}: ${text} -> ${replacement}: ${why}`)
  for (const { file, text, replacement } of judged.stale)
    console.log(`failed: ${file}: ${text} -> ${replacement}: it is said to survive, and does not`)
  for (const line of tableOf(scoresOf(mutants))) console.log(line)
  const all = scoreOf('domain', mutants)
  const name = values.mutate === '*' ? 'domain/' : `domain/${values.mutate}.ts`
  console.log(`Stryker's score on ${name}: ${percentOf(all).toFixed(2)} %`)
  return judged.tally
}
