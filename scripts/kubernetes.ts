/**
 * `npm run test:kubernetes [-- FILE…]`: the tests on a real API server with its controllers
 * (`*.kube.test.ts`), with real applications on a real MariaDB. Builds Kubernetes from Debian's
 * sources first, once, which takes some minutes. Where that cannot be done it says so and fails.
 * Closes with `N passed, N failed`.
 *
 * `-- --built` runs nothing; it exits with 0 where Kubernetes has been built.
 */
import { parseArgs } from 'node:util'
import {
  describeKubernetes,
  obtainKubernetes,
} from '../packages/testkit/src/servers/kubernetes/programs.ts'
import { close, NOTHING } from './lib/tally.ts'
import { runVitest } from './lib/vitest.ts'
import { ensureServices } from './services.ts'
import type { ServiceName } from './services.ts'

/** What the applications and the clusters need besides. */
const NEEDED: readonly ServiceName[] = ['mariadb', 'openssl']

const { values, positionals } = parseArgs({
  options: { built: { type: 'boolean', default: false } },
  allowPositionals: true,
})
if (values.built) process.exit(describeKubernetes() === undefined ? 1 : 0)

// Ends by `exit`, which ends what still runs.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const problems = await missing()
if (problems.length > 0) {
  for (const problem of problems) console.log(`cannot run: ${problem}`)
  close({ ...NOTHING, failed: problems.length })
} else {
  console.log(describeKubernetes())
  const { tally } = await runVitest(['kubernetes'], true, { files: positionals })
  close(tally)
}

async function missing(): Promise<readonly string[]> {
  const problem = await obtainKubernetes((line) => console.log(line))
  const services = await ensureServices()
  return [
    ...(problem === undefined ? [] : [problem]),
    ...NEEDED.flatMap((name) => {
      const state = services[name]
      return state.available ? [] : [`${name}: ${state.reason}`]
    }),
  ]
}
