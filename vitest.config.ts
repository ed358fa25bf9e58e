import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import type { ViteUserConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

/**
 * The condition under which `@cuedot/client/protocol` and the other packages of this workspace
 * resolve to their sources. Vite resolves what it inlines by it, Node what is externalised.
 */
const SOURCE = 'cuedot-source'

const MINUTE = 60_000

/** Tests with real servers wait more than they work; servers take memory. */
const REAL_WORKERS = Math.min(4, availableParallelism() + 2)

/** What takes longest, in this order: begun last, each would have the end of a run to itself. */
const LONGEST = [
  ...['openemr-permissions', 'failover', 'openemr-load', 'php-sqlconf', 'disk-full', 'pgbouncer'],
  ...['openemr-failures', 'try', 'bad-input-postgres', 'openemr-missing', 'dual-password-strict'],
  ...['openemr-trouble', 'openemr-operator-ecs', 'managed-faults', 'openemr-operator-eks'],
  ...['examples', 'haproxy', 'bad-input-mariadb', 'bad-input-mysql', 'openemr-secrets', 'adopt'],
  ...['leaks', 'initial-mysql', 'initial-mariadb', 'client/test/rotation'],
  ...['lambda-faults-mariadb', 'lambda-killed', 'lambda-build', 'client/test/lambda'],
].map((name) => `/${name}.int.test.ts`)

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(name))
      return index === -1 ? LONGEST.length : index
    }
    return files.toSorted((a, b) => rank(a) - rank(b))
  }
}

const config: ViteUserConfig = defineConfig({
  resolve: { conditions: [SOURCE, 'node', 'development|production'] },
  ssr: {
    resolve: {
      conditions: [SOURCE, 'node', 'development|production'],
      externalConditions: [SOURCE, 'node'],
    },
  },
  test: {
    passWithNoTests: true,
    sequence: { sequencer: LongestFirst },
    teardownTimeout: MINUTE,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{packages,scripts,bench}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.{int,kube,sim}.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'sim',
          include: ['packages/**/*.sim.test.ts', 'scripts/**/*.sim.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
          testTimeout: 2 * MINUTE,
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['packages/**/*.int.test.ts', 'scripts/**/*.int.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
          pool: 'forks',
          maxWorkers: REAL_WORKERS,
          testTimeout: 2 * MINUTE,
          hookTimeout: 4 * MINUTE,
        },
      },
      {
        extends: true,
        test: {
          name: 'kubernetes',
          include: ['packages/**/*.kube.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
          pool: 'forks',
          // Each file has a cluster of its own, which takes half a gigabyte.
          maxWorkers: Math.min(2, REAL_WORKERS),
          testTimeout: 2 * MINUTE,
          hookTimeout: 2 * MINUTE,
        },
      },
    ],
  },
})

export default config
