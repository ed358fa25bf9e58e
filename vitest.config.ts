import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import type { ViteUserConfig } from 'vitest/config'

/**
 * The condition under which `@cuedot/client/protocol` and the other packages of this workspace
 * resolve to their sources. Vite resolves what it inlines by it, Node what is externalised.
 */
const SOURCE = 'cuedot-source'

const MINUTE = 60_000

/** Tests with real servers wait more than they work; servers take memory. */
const REAL_WORKERS = Math.min(4, availableParallelism() + 2)

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
