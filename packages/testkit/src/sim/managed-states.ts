import type { ManagedFacts } from '../../../rotator/src/domain/managed-facts.ts'

const BOOLEANS = [false, true]

/** Every combination of facts of a managed target. */
export function* managedStates(): Generator<ManagedFacts> {
  for (const owner of ['ready', 'busy', 'impaired', 'stranger'] as const)
    for (const asked of ['no', 'maybe', 'yes'] as const)
      for (const seen of BOOLEANS)
        for (const changed of BOOLEANS)
          for (const current of BOOLEANS)
            for (const sessions of [0, 2]) {
              const says = owner === 'ready' ? 'active' : owner
              const facts = { owner, says, asked, seen, changed, login: { current }, sessions }
              yield { strategy: 'managed', ...facts }
            }
}
