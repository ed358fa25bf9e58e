/**
 * Runs the suites of the database adapters against each version that is supported:
 * `npm run test:versions -- --only postgres-13 --suite rotation`. Fetches the versions that are not
 * on this machine. Prints a table of versions and suites, the output of what failed, and
 * `N passed, N failed`.
 */
import { parseArgs } from 'node:util'
import { obtainMariadb118 } from '../packages/testkit/src/servers/mariadb-versions.ts'
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
const TESTS = 'packages/rotator/test/'
/** A rotation that is killed ten times takes a minute, on a machine that does nothing else. */
const TEST_TIMEOUT_MS = 600_000

const POSTGRES: readonly Version[] = POSTGRES_VERSIONS.map((version) => ({
  name: `postgres-${version}`,
  title: `PostgreSQL ${releaseOf(version)}`,
  suites: {
    conformance: [`${TESTS}postgres.int`],
    grants: [`${ADAPTER}grants.int`, `${ADAPTER}grant-missing.int`],
    adapter: [`${ADAPTER}database.int`, `${ADAPTER}sessions.int`],
    rotation: [`${TESTS}rotation-postgres.int`],
  },
  env: async () => ({ CUEDOT_TEST_POSTGRES: `${version}:${await obtainPostgres(version)}` }),
}))

const MARIADB_SUITES: Version['suites'] = {
  conformance: [`${TESTS}mariadb-conformance.int`],
  grants: [`${TESTS}mariadb-users.int`],
  adapter: [`${TESTS}mariadb.int`],
  rotation: [`${TESTS}rotation-mariadb.int`],
}

const VERSIONS: readonly Version[] = [
  ...POSTGRES,
  {
    name: 'mariadb-here',
    title: 'MariaDB of the machine',
    suites: MARIADB_SUITES,
    env: async () => ({}),
  },
  {
    name: 'mariadb-11.8',
    title: 'MariaDB 11.8',
    suites: MARIADB_SUITES,
    env: async () => ({ CUEDOT_TEST_MARIADB: await obtainMariadb118() }),
  },
]

const many = { type: 'string', multiple: true } as const
const { values } = parseArgs({ options: { only: many, suite: many } })
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
    if (!(values.suite?.includes(suite) ?? true)) continue
    const options = { files, env: variables, testTimeoutMs: TEST_TIMEOUT_MS }
    const { tally, ended } = await runVitest(['real'], false, options)
    cells[suite] = tally.passed === 0 ? { ...tally, failed: Math.max(1, tally.failed) } : tally
    if (cells[suite].failed > 0) console.log(`${title}, ${suite}:\n${ended.output}`)
  }
  return cells
}

/** The heading where it is the first line, and the line of one version. */
function line(title: string, cells: Readonly<Record<string, Tally>>): readonly string[] {
  const row = (words: readonly string[]): string =>
    words
      .map((word, index) => word.padEnd(index === 0 ? 24 : 34))
      .join('')
      .trimEnd()
  const counts = Object.values(cells).map(
    ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`,
  )
  const heading = lines.length === 0 ? [row(['', ...Object.keys(cells)])] : []
  return [...heading, row([title, ...counts])]
}
