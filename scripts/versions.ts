/**
 * Runs the suites of the database adapters against each version that is supported: `npm run
 * test:versions -- --only postgres-13`. Fetches the versions that are not on this machine. Prints a
 * table of versions and suites, the output of what failed, and `N passed, N failed`.
 */
import { parseArgs } from 'node:util'
import { obtainPostgres, releaseOf } from '../packages/testkit/src/servers/postgres-versions.ts'
import { POSTGRES_VERSIONS } from '../packages/testkit/src/servers/postgres.ts'
import { NOTHING, add, close } from './lib/tally.ts'
import type { Tally } from './lib/tally.ts'
import { runVitest } from './lib/vitest.ts'

/** A version of a server, and how tests are told to use it. */
interface Version {
  /** `postgres-13`, for `--only`. */
  readonly name: string
  /** `PostgreSQL 13.23.0`. */
  readonly title: string
  readonly suites: Readonly<Record<string, readonly string[]>>
  /** Makes it available. */
  readonly env: () => Promise<Readonly<Record<string, string>>>
}

const ADAPTER = 'packages/rotator/src/adapters/postgres/'

const VERSIONS: readonly Version[] = POSTGRES_VERSIONS.map((version) => ({
  name: `postgres-${version}`,
  title: `PostgreSQL ${releaseOf(version)}`,
  suites: {
    conformance: ['packages/rotator/test/postgres.int.test.ts'],
    grants: [`${ADAPTER}grants.int`, `${ADAPTER}grant-missing.int`],
    adapter: [`${ADAPTER}database.int`, `${ADAPTER}sessions.int`],
    rotation: ['packages/rotator/test/rotation-postgres.int.test.ts'],
  },
  env: async () => ({ CUEDOT_TEST_POSTGRES: `${version}:${await obtainPostgres(version)}` }),
}))

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } })
const wanted = VERSIONS.filter(({ name }) => values.only?.includes(name) ?? true)
if (wanted.length === 0)
  throw new Error(`there are: ${VERSIONS.map(({ name }) => name).join(', ')}`)
let total = NOTHING
const lines: string[] = []
for (const version of wanted) {
  const cells = await runSuites(version)
  total = Object.values(cells).reduce(add, total)
  lines.push(...line(version.title, cells))
  console.log(lines.at(-1))
}
console.log(`\n${lines.join('\n')}\n`)
close(total)

async function runSuites({ title, suites, env }: Version): Promise<Record<string, Tally>> {
  const cells: Record<string, Tally> = {}
  const variables = await env()
  for (const [suite, files] of Object.entries(suites)) {
    const { tally, ended } = await runVitest(['real'], false, { files, env: variables })
    cells[suite] = tally.passed === 0 ? { ...tally, failed: Math.max(1, tally.failed) } : tally
    if (cells[suite].failed > 0) console.log(`${title}, ${suite}:\n${ended.output}`)
  }
  return cells
}

/** The heading where it is the first line, and the line of one version. */
function line(title: string, cells: Readonly<Record<string, Tally>>): readonly string[] {
  const row = (words: readonly string[]): string =>
    words
      .map((word, index) => word.padEnd(index === 0 ? 22 : 26))
      .join('')
      .trimEnd()
  const counts = Object.values(cells).map(
    ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`,
  )
  const heading = lines.length === 0 ? [row(['', ...Object.keys(cells)])] : []
  return [...heading, row([title, ...counts])]
}
