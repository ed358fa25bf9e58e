import { defineConfig } from 'vitest/config'
import type { ViteUserConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

const { CUEDOT_STRYKER_TESTS: TESTS = '*', CUEDOT_STRYKER_STATES: STATES } = process.env

/** These enumerate a million states: asked about mutants that all others have let live. */
const DEAREST = ['/decide.test.ts', '/initial.test.ts']

/** The tests that do, for which `sample.ts` stands in otherwise. */
const ENUMERATE = ['state with two slots', 'swaps them in the plan', 'neither slot is special']

class CheapestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isDearest = ({ moduleId }: TestSpecification): number =>
      DEAREST.some((name) => moduleId.endsWith(name)) ? 1 : 0
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
    ...(STATES !== 'all' && { testNamePattern: new RegExp(`^(?!.*(${ENUMERATE.join('|')})$)`) }),
  },
})

export default config
