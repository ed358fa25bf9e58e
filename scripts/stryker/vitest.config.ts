import { defineConfig } from 'vitest/config'
import type { ViteUserConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

const TESTS = process.env['CUEDOT_STRYKER_TESTS'] ?? '*'

/** Enumerates a million states: it is asked only about mutants that all others have let live. */
const DEAREST = '/decide.test.ts'

class CheapestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isDearest = ({ moduleId }: TestSpecification): number =>
      moduleId.endsWith(DEAREST) ? 1 : 0
    return files.toSorted((a, b) => isDearest(a) - isDearest(b))
  }
}

/** The tests of the domain, as `scripts/stryker.ts` runs them in its folder. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: [
      `packages/rotator/src/domain/${TESTS}.test.ts`,
      ...(TESTS === '*' ? ['scripts/stryker/sample.ts'] : []),
    ],
    sequence: { sequencer: CheapestFirst },
    testTimeout: 120_000,
  },
})

export default config
