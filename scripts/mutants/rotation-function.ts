import { real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const DECIDES = unit('src/domain/four-steps.test.ts')
const VISITS = unit('src/engine/four-steps/visit.test.ts')
const RULES = unit('src/domain/password-rules.test.ts')
const MARIADB = real('test/lambda-mariadb.int.test.ts')

/** Bugs in the rotation function of Secrets Manager; the first few are those of AWS's templates. */
export const FUNCTION_MUTANTS: readonly Mutant[] = [
  {
    name: 'takes a login for all that a second user needs',
    harm: 'After a crash a user without rights becomes current.',
    file: 'domain/four-steps.ts',
    text: "const isReady = staged === 'accepted' && rights === 'equal' && facts.due.length === 0",
    replacement: "const isReady = staged === 'accepted'",
    lane: DECIDES,
  },
  {
    name: 'replaces a password that somebody still uses',
    harm: 'An application that has not followed yet is locked out when it connects again.',
    file: 'domain/four-steps.ts',
    text: "if (facts.sessions === 0 || facts.policy === 'proceed')",
    replacement: "if (facts.policy !== 'wait' || facts.sessions === 0)",
    lane: DECIDES,
  },
  {
    name: 'promotes what it has not proven',
    harm: 'A step that is called out of order makes a password current that nobody has set.',
    file: 'domain/four-steps.ts',
    text: "return tested.kind === 'done' ? next('promote', tested.why) : tested",
    replacement: "return next('promote', tested.kind)",
    lane: VISITS,
  },
  {
    name: 'goes on with what was staged before an edit',
    harm: 'What an operator has put into the secret is lost with the next rotation.',
    file: 'domain/four-steps.ts',
    text: "const isMeant = staged === 'fits' || (staged === 'copy' && step === 'testSecret')",
    replacement: "const isMeant = staged !== 'copy' || step === 'testSecret'",
    lane: DECIDES,
  },
  {
    name: 'forgets a staged password that is in force',
    harm: 'The only password that the database accepts is in no version any more.',
    file: 'domain/four-steps.ts',
    text: "if (facts.staged !== 'stale' || staged !== 'accepted')",
    replacement: "if (facts.staged === 'stale' || staged !== 'accepted')",
    lane: VISITS,
  },
  {
    name: 'works for a secret whose rotation is turned off',
    harm: 'What an operator has stopped goes on.',
    file: 'domain/four-steps.ts',
    text: "if (facts.rotation === 'off') return",
    replacement: "if (facts.version === 'unknown') return",
    lane: DECIDES,
  },
  {
    name: 'keeps a second user’s password that is about to be forgotten',
    harm: 'A password that no version has logs in until the next rotation.',
    file: 'engine/four-steps/effects.ts',
    text: 'quarantine(seen.nextUsername, true, call())',
    replacement: 'quarantine(seen.nextUsername, false, call())',
    lane: VISITS,
  },
  {
    name: 'adds the new password and ends the current one',
    harm: 'A user that should have two passwords has one, and applications the other.',
    file: 'engine/four-steps/effects.ts',
    text: '{ kept, added: password }',
    replacement: '{ kept: password, added: kept }',
    lane: VISITS,
  },
  {
    name: 'puts the staged password back',
    harm: 'Where the label cannot be moved, applications stay locked out.',
    file: 'engine/four-steps/effects.ts',
    text: 'changeOwn(change, stagedOf(seen), seen.document.current)',
    replacement: 'changeOwn(change, stagedOf(seen), stagedOf(seen))',
    lane: MARIADB,
  },
  {
    name: 'believes any admin secret that a secret names',
    harm: 'Whoever may write a secret brings the admin of one server to another.',
    file: 'engine/four-steps/servers.ts',
    text: 'if (sameHost(admin.host, own.host)) return own',
    replacement: 'if (admin.host !== own.password) return own',
    lane: MARIADB,
  },
  {
    name: 'knows the secret for ever after a failure',
    harm: 'A call that lost an answer works on what was true before.',
    file: 'engine/four-steps/visit.ts',
    text: '    this.#seen = undefined\n    await this.#servers.forget()',
    replacement: '    await this.#servers.forget()',
    lane: VISITS,
  },
  {
    name: 'fails at once where somebody holds the lock',
    harm: 'The session of a call that was killed stops the rotation until it is noticed.',
    file: 'engine/four-steps/visit.ts',
    text: 'return waitedMs < LOCK_MS && remainingMs() > LOCK_MS',
    replacement: 'return waitedMs < 0',
    lane: VISITS,
  },
  {
    name: 'works without the lock',
    harm: 'Two calls make one user at the same time.',
    file: 'engine/four-steps/servers.ts',
    text: "lock: 'take', holder",
    replacement: "lock: 'look', holder",
    lane: VISITS,
  },
  {
    name: 'tests the writer only',
    harm: 'Readers refuse the password that has just become current.',
    file: 'engine/four-steps/acceptance.ts',
    text: "if (answer !== 'accepted') return answer",
    replacement: "if (answer === 'absent') return answer",
    lane: real('test/lambda-replica.int.test.ts'),
  },
  {
    name: 'makes passwords of some kinds only',
    harm: 'A server that demands each kind refuses every rotation.',
    file: 'domain/password-rules.ts',
    text: 'if (isWhole || !rules.requireEach) return password',
    replacement: 'if (isWhole || rules.requireEach) return password',
    lane: RULES,
  },
  {
    name: 'gives the password of the secret back',
    harm: 'A rotation changes nothing, and says that it did.',
    file: 'engine/four-steps/secret-facts.ts',
    text: "if (found === 'copy')",
    replacement: 'if (found === undefined)',
    lane: MARIADB,
  },
]
