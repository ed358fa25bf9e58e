import { real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const DECIDE = unit('src/domain/managed.test.ts')
const WAIT = unit('src/steps/await.test.ts')
const RDS = real('test/rds.int.test.ts')

/** Bugs in what is done about credentials that another service owns. */
export const MANAGED_MUTANTS: readonly Mutant[] = [
  {
    name: 'asks while somebody uses the user',
    harm: 'Whoever logs in as the managed user is locked out at once.',
    file: 'domain/managed.ts',
    text: "if (o.sessions > 0) return refuse('ADMIN_IN_USE',",
    replacement: "if (o.sessions > 99) return refuse('ADMIN_IN_USE',",
    lane: DECIDE,
  },
  {
    name: 'asks for a second rotation',
    harm: 'A run that finds a rotation under way starts another one.',
    file: 'domain/managed.ts',
    text: "if (o.owner === 'busy') return next('await',",
    replacement: "if (o.owner === 'busy' && o.asked !== 'no') return next('await',",
    lane: DECIDE,
  },
  {
    name: 'rehearses what cannot be undone',
    harm: 'A rehearsal of a managed credential ends as if it had been one.',
    file: 'domain/managed.ts',
    text: "if (intent === 'rehearse') return refuse('NOT_REHEARSABLE',",
    replacement: "if (intent === 'rehearse' && !o.seen) return refuse('NOT_REHEARSABLE',",
    lane: DECIDE,
  },
  {
    name: 'alters a managed secret',
    harm: 'The database gets a password that the secret of RDS will never have.',
    file: 'domain/single-user.ts',
    text: "if (o.owner !== undefined) return refuse('SECRET_IS_MANAGED',",
    replacement: "if (o.owner === '') return refuse('SECRET_IS_MANAGED',",
    lane: unit('src/domain/decide.test.ts'),
  },
  {
    name: 'forgets that it may have asked',
    harm: 'A lost answer makes a second request, and so a second rotation.',
    file: 'steps/ask.ts',
    text: "request.asked = 'maybe'",
    replacement: "request.asked = 'no'",
    lane: WAIT,
  },
  {
    name: 'takes a refusal for a lost answer',
    harm: 'A run waits a minute for what RDS has refused to begin.',
    file: 'steps/ask.ts',
    text: "if (isRotatorError(error) && error.retry !== 'observe-first') request.asked = 'no'",
    replacement: 'void isRotatorError(error)',
    lane: WAIT,
  },
  {
    name: 'believes the owner before there is a new version',
    harm: 'A rotation counts as done while the old password is still the one in force.',
    file: 'steps/await.ts',
    text: "if (request.asked !== 'no' && !changed) return",
    replacement: "if (request.asked === 'maybe' && !changed) return",
    lane: WAIT,
  },
  {
    name: 'gives a request up at once',
    harm: 'A request that is slow to show is sent again, and the password changes twice.',
    file: 'steps/await.ts',
    text: "return asked === 'maybe' && late && sent < MOST_REQUESTS",
    replacement: "return asked === 'maybe' && (late || sent > 0) && sent < MOST_REQUESTS",
    lane: WAIT,
  },
  {
    name: 'lets the SDK repeat the request',
    harm: 'A lost answer makes the SDK ask for a second rotation.',
    file: 'adapters/rds/connect.ts',
    text: 'watchWrites({ all: ASKING, once: ASKING })',
    replacement: 'watchWrites({ all: ASKING, once: new Set<string>() })',
    lane: RDS,
  },
  {
    name: 'rotates the password of another instance',
    harm: 'A wrong identifier changes a password that nobody meant.',
    file: 'adapters/rds/owner.ts',
    text: 'if (secret?.SecretArn !== owned.arn)',
    replacement: 'if (secret === undefined)',
    lane: RDS,
  },
]
