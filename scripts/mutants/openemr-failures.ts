import { real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

/** Bugs in what a person is told when a rotation of OpenEMR fails. */
export const OPENEMR_FAILURE_MUTANTS: readonly Mutant[] = [
  {
    name: 'says no cause of a back-out',
    harm: 'The last line has a code, and nobody learns which verb or which file it was about.',
    file: 'engine/journal.ts',
    text: "what: `${WHAT[outcome]}${why}.${cause ? ` ${cause.message}` : ''}`,",
    replacement: 'what: `${WHAT[outcome]}${why}.`,',
    lane: unit('src/engine/run.test.ts'),
  },
  {
    name: 'blames what was got past',
    harm: 'A throttled call is named for a rotation that a full disk has turned back.',
    file: 'engine/journal.ts',
    text: 'trouble ? step === trouble.step && code === trouble.code : code ===',
    replacement: 'trouble ? step !== trouble.step : code ===',
    lane: unit('src/engine/run.test.ts'),
  },
  {
    name: 'hides that credentials have expired',
    harm: 'A person grants an action that was granted all along.',
    file: 'adapters/secrets-manager/failures.ts',
    text: 'const details = { secret, operation: action, problem: failure.name }',
    replacement: 'const details = { secret, operation: action }',
    lane: unit('src/adapters/secrets-manager/failures.test.ts'),
  },
  {
    name: 'calls a locked folder empty',
    harm: 'Somebody looks for a mount that is there, where a mode is wrong.',
    file: 'cli/openemr/command.ts',
    text: "if (code !== 'ENOENT' && code !== 'ENOTDIR') return",
    replacement: '',
    lane: real('test/openemr-failures.int.test.ts'),
  },
]
