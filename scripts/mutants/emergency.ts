import { real } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const COMPROMISED = real('test/compromised-postgres.int.test.ts')

/** Bugs in what is done about leaked credentials. */
export const EMERGENCY_MUTANTS: readonly Mutant[] = [
  {
    name: 'begins an emergency beside another rotator',
    harm: 'That rotator loses its lock, and writes what is overtaken where consumers read it.',
    file: 'cli/commands/compromised.ts',
    text: 'if (away) return { away: recorded(away) }',
    replacement: 'if (away) recorded(away)',
    lane: COMPROMISED,
  },
  {
    name: 'leaves the admin out of an emergency',
    harm: 'Whoever has read the admin secret can set every password again.',
    file: 'cli/commands/compromised.ts',
    text: '...(admin ? [admin] : [])',
    replacement: '...(admin ? [] : [])',
    lane: COMPROMISED,
  },
]
