/**
 * `npm run test:stryker [-- --mutate FILE --tests FILE]`: how many of all mutants of the domain its
 * own tests kill, for instance `--mutate password --tests password`. Prints those that survive and
 * the score; closes with `N passed, N failed`, where a mutant that survives has failed.
 *
 * Stryker and its 200 packages are installed into a folder for temporary files, in the versions
 * that stand here (docs/adr/0005-dependencies.md): nobody else needs them. A mutant costs one run
 * of the tests, so all of them take hours: name a file.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT, run } from './lib/run.ts'
import { close } from './lib/tally.ts'

const STRYKER = '10.1.1'

const whole = { type: 'string', default: '**/*' } as const
const { values } = parseArgs({ options: { mutate: whole, tests: whole } })
const DOMAIN = 'packages/rotator/src/domain'
const folder = join(tmpdir(), `cuedot-stryker-${STRYKER}`)

await mkdir(folder, { recursive: true, mode: 0o700 })
await writeFile(join(folder, 'package.json'), JSON.stringify(await manifest()))
const installed = await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder })
if (installed.code !== 0) throw new Error(installed.output)
await rm(join(folder, 'packages'), { recursive: true, force: true })
for (const part of ['packages/rotator/src', 'packages/client', 'packages/testkit'])
  await cp(join(ROOT, part), join(folder, part), { recursive: true, filter: isSource })
await writeFile(join(folder, 'vitest.config.mjs'), vitestConfig())
await writeFile(join(folder, 'stryker.config.json'), JSON.stringify(settings()))

const REPORT = join(folder, 'report.json')
// What an earlier run has left would be taken for this one's.
await rm(REPORT, { force: true })
const { code } = await run('npx', ['stryker', 'run'], { cwd: folder, show: true })
const report: unknown = JSON.parse(await readFile(REPORT, 'utf8'))
const counts = tally(report)
const score = (100 * counts.killed) / Math.max(1, counts.killed + counts.survived)
console.log(`stryker: score ${score.toFixed(2)} of ${DOMAIN}/${values.mutate}.ts`)
const broken = code === 0 ? 0 : 1
close({ passed: counts.killed, failed: counts.survived + broken, skipped: 0 })

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

function vitestConfig(): string {
  const include = JSON.stringify([`${DOMAIN}/${values.tests}.test.ts`])
  return `export default { test: { include: ${include}, testTimeout: 120000 } }\n`
}

function settings(): object {
  return {
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    vitest: { configFile: 'vitest.config.mjs', related: false },
    mutate: [`${DOMAIN}/${values.mutate}.ts`, `!${DOMAIN}/**/*.test.ts`],
    coverageAnalysis: 'perTest',
    // Constants are seen by every test: each of their mutants would run them all.
    ignoreStatic: true,
    timeoutMS: 20_000,
    reporters: ['clear-text', 'json', 'progress-append-only'],
    clearTextReporter: { allowColor: false, logTests: false },
    jsonReporter: { fileName: 'report.json' },
  }
}

/** Statuses: mutation-testing-report-schema. A mutant that makes tests hang is noticed. */
function tally(found: unknown): { readonly killed: number; readonly survived: number } {
  const statuses = [...JSON.stringify(found).matchAll(/"status":"(\w+)"/g)].map(
    ([, status]) => status,
  )
  const count = (...wanted: readonly string[]): number =>
    statuses.filter((status) => status !== undefined && wanted.includes(status)).length
  return { killed: count('Killed', 'Timeout'), survived: count('Survived', 'NoCoverage') }
}
