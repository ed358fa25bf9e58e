import { real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const FOLDER = 'cli/openemr'
const CLI = real('test/openemr-cli.int.test.ts')
const DATABASE = real('test/openemr-database.int.test.ts')

/** Bugs in what `cuedot openemr` makes of its environment and its flags. */
export const DROP_IN_MUTANTS: readonly Mutant[] = [
  {
    name: 'takes an empty variable for one that is set',
    harm: 'A task without the name of its secret fails later, with an error of AWS.',
    file: `${FOLDER}/variables.ts`,
    text: "return valueOf(env, name) !== ''",
    replacement: 'return env[name] !== undefined',
    lane: unit('src/cli/openemr/variables.test.ts'),
  },
  {
    name: 'would repair a file that is not there',
    harm: 'A dry run says that all is well where the real one fails.',
    file: `${FOLDER}/permissions.ts`,
    text: 'await access(path)',
    replacement: 'await Promise.resolve(access)',
    lane: CLI,
  },
  {
    name: 'fails with the exit code of success',
    harm: 'The Job is green, and nothing was rotated.',
    file: `${FOLDER}/command.ts`,
    text: "return status.kind === 'error' ? EXIT.failed : EXIT.ok",
    replacement: 'return EXIT.ok',
    lane: CLI,
  },
  {
    name: 'syncs where a dry run of the sync was asked for',
    harm: 'A look changes what it looks at.',
    file: `${FOLDER}/command.ts`,
    text: 'if (options.dryRun === true) return await planOpenemr(variables, options)',
    replacement:
      'if (options.dryRun === true && options.syncDbUsers !== true)\n' +
      '      return await planOpenemr(variables, options)',
    lane: CLI,
  },
  {
    name: 'takes whatever stands for the name of a schema',
    harm: 'What the slot secret says is tried on the server, where it can only fail.',
    file: `${FOLDER}/place.ts`,
    text: '/^[\\p{L}\\p{N}_-]+$/u',
    replacement: '/./u',
    lane: DATABASE,
  },
  {
    name: 'keeps the code of a refused dry run to itself',
    harm: 'Whoever waits for ADMIN_LOST is not told.',
    file: `${FOLDER}/failures.ts`,
    text: "more: { outcome: 'refused', code: error.code }",
    replacement: 'more: {}',
    lane: DATABASE,
  },
]
