import { real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const ENGINE = unit('src/engine/poolers.test.ts')

/** Bugs in what cuedot does about poolers. */
export const POOLER_MUTANTS: readonly Mutant[] = [
  {
    name: 'flips without asking the poolers',
    harm: 'After a crash consumers get a password that their pooler refuses.',
    file: 'steps/flip.ts',
    text: 'await proveWhereUsed(action, context)',
    replacement: 'void proveWhereUsed',
    lane: ENGINE,
  },
  {
    name: 'asks a pooler again that has accepted the password',
    harm: 'Each login may leave a session of the user open on the server.',
    file: 'engine/logins.ts',
    text: 'if (page.pooled?.equals(password)) return',
    replacement: '',
    lane: ENGINE,
  },
  {
    name: 'does not turn back where a pooler refuses in the end',
    harm: 'The rotation stays open, and every run after it waits and stops again.',
    file: 'engine/setbacks.ts',
    text: "|| error.code === 'ERR_POOLER'",
    replacement: '',
    lane: ENGINE,
  },
  {
    name: "takes a pooler's refusal for a lost connection",
    harm: 'Whoever looks for the cause looks at the network and not into the log of the pooler.',
    file: 'adapters/postgres/classify.ts',
    text: "if (sqlstate.startsWith('08')) {",
    replacement: "if (sqlstate.startsWith('none')) {",
    lane: unit('src/adapters/postgres/classify.test.ts'),
  },
  {
    name: 'counts sessions through the poolers',
    harm: 'A session is counted twice, or the run is refused for its lock.',
    file: 'adapters/postgres/database.ts',
    text: 'const [writer, ...readers] = options.endpoints',
    replacement: 'const [writer, ...readers] = [...(options.poolers ?? []), ...options.endpoints]',
    lane: real('test/pgbouncer.int.test.ts'),
  },
]
