import { real } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const SOAK = real('test/soak.int.test.ts')
const COMMAND = real('test/command-runtime.int.test.ts')

/** Bugs that one rotation does not show: what each leaves behind adds up. */
export const SOAK_MUTANTS: readonly Mutant[] = [
  {
    name: 'leaves the connection of a test login open',
    harm: 'A process that rotates for months fills the server with its own connections.',
    file: 'adapters/postgres/login.ts',
    text: 'await using link = opened',
    replacement: 'const link = opened',
    lane: SOAK,
  },
  {
    name: 'keeps the admin session when a run is over',
    harm: 'The lock is held for as long as the process lives; nobody else can rotate.',
    file: 'engine/run.ts',
    text: 'await desk.sessions.drop()',
    replacement: 'await Promise.resolve(desk)',
    lane: SOAK,
  },
  {
    name: 'remembers every command it has run',
    harm: 'A process that rotates for months grows until it is ended.',
    file: 'adapters/common/forget.ts',
    text: 'over.slice(0, -REMEMBERED)',
    replacement: 'over.slice(0, 0)',
    lane: COMMAND,
  },
  {
    name: 'forgets a command that still runs',
    harm: 'A restart is begun again beside the one that is under way.',
    file: 'adapters/common/forget.ts',
    text: 'isOver(roll))',
    replacement: 'isOver(roll) || true)',
    lane: COMMAND,
  },
]
