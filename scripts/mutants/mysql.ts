import { real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const SERVER = real('test/mysql.int.test.ts')
const PASSWORDS = real('test/mysql-two-passwords.int.test.ts')
const GRANTS = real('test/mysql-grant-missing.int.test.ts')
const UNIT = 'src/adapters/mysql/protocol'

/** Bugs in the adapter of MySQL, and in what it shares with that of MariaDB. */
export const MYSQL_MUTANTS: readonly Mutant[] = [
  {
    name: 'leaves the second password when the first is replaced',
    harm: 'A password that was retired still logs in.',
    file: 'adapters/mysql/mysql/passwords.ts',
    text: 'BY ${secret}, ${account} ${DISCARD}`',
    replacement: 'BY ${secret}`',
    lane: SERVER,
  },
  {
    name: 'adds a password that could never be ended',
    harm: 'A rotation stops half-way, behind its point of no return, with two live passwords.',
    file: 'adapters/mysql/mysql/passwords.ts',
    text: 'if (added !== undefined) await assertNoHistory',
    replacement: 'if (added === undefined) await assertNoHistory',
    lane: PASSWORDS,
  },
  {
    name: 'ends the second password of one host entry only',
    harm: 'Clients of another host still log in with a password that was retired.',
    file: 'adapters/mysql/mysql/passwords.ts',
    text: 'const discarded = doubled.map(',
    replacement: 'const discarded = doubled.slice(0, 1).map(',
    lane: PASSWORDS,
  },
  {
    name: 'works on a server that logs passwords',
    harm: 'The new password stands in the log of the server.',
    file: 'adapters/mysql/mysql/database.ts',
    text: "return raw === 'ON' ?",
    replacement: "return raw === 'on' ?",
    lane: SERVER,
  },
  {
    name: 'lets a statement wait behind a backup',
    harm: 'A password changes when nobody expects it any more.',
    file: 'adapters/mysql/mysql/database.ts',
    text: '` lock_wait_timeout = ${WAIT_SECONDS}, innodb',
    replacement: '` innodb',
    lane: SERVER,
  },
  {
    name: 'overlooks a second password',
    harm: 'A rotation drops the password that consumers have.',
    file: 'adapters/mysql/mysql/accounts.ts',
    text: 'hasSecond: number(18) === 1',
    replacement: 'hasSecond: number(18) === 2',
    lane: PASSWORDS,
  },
  {
    name: 'makes a host entry that anybody may try',
    harm: 'An account is open before the rotation has given it its password.',
    file: 'adapters/mysql/mysql/users.ts',
    text: '${settings} ACCOUNT LOCK`',
    replacement: '${settings}`',
    lane: GRANTS,
  },
  {
    name: 'leaves the default roles to chance',
    harm: 'Applications are flipped to a user whose roles are not active.',
    file: 'adapters/mysql/mysql/users.ts',
    text: 'if (roles === renderDefaultRoles(entry?.defaultRoles ?? [])) return',
    replacement: 'if (roles.length > 0) return',
    lane: GRANTS,
  },
  {
    name: 'counts other refusals than those of a lock',
    harm: 'A straggler is locked out, and the quarantine does not notice.',
    file: 'adapters/mysql/protocol/counters.ts',
    text: `VARIABLE_NAME = 'Locked_connects'"`,
    replacement: `VARIABLE_NAME = 'Aborted_connects_preauth'"`,
    lane: SERVER,
  },
  {
    name: 'does not look for the version in the name',
    harm: 'A consumer that has moved holds the rotation up for ever.',
    file: 'adapters/mysql/protocol/attributes.ts',
    text: 'known.credentialVersion || versionInName(value)',
    replacement: 'known.credentialVersion',
    lane: PASSWORDS,
  },
  {
    name: 'is content with a host entry too many',
    harm: 'Applications are flipped to a user that is shadowed on some hosts.',
    file: 'adapters/mysql/protocol/admin-session.ts',
    text: "if (state === 'equal') return",
    replacement: "if (state !== 'absent') return",
    lane: GRANTS,
  },
  {
    name: 'grants what is there already',
    harm: 'An admin is refused for a right that nobody misses.',
    file: 'adapters/mysql/protocol/users.ts',
    text: 'grantsToGive(await readGrants(connection, reference, call), held)',
    replacement: 'grantsToGive(await readGrants(connection, reference, call), held.slice(9))',
    lane: GRANTS,
  },
  {
    name: 'grants without the right to grant it',
    harm: 'A standby user can give nothing on.',
    file: 'adapters/mysql/protocol/privileges.ts',
    text: 'privileges: [...named, ...option]',
    replacement: 'privileges: named',
    lane: unit(`${UNIT}/grants.test.ts`),
  },
  {
    name: 'takes a refused GRANT for a broken one',
    harm: 'Nobody is told which right the admin lacks.',
    file: 'adapters/mysql/protocol/errors.ts',
    text: ' || NOT_GRANTED.has(errno)',
    replacement: '',
    lane: unit(`${UNIT}/errors.test.ts`),
  },
  {
    name: 'takes a fatal error for an answer',
    harm: 'A password that was changed just before the connection broke counts as not changed.',
    file: 'adapters/mysql/protocol/errors.ts',
    text: 'failure.fatal === true || ',
    replacement: '',
    lane: unit(`${UNIT}/errors.test.ts`),
  },
  {
    name: 'ends a session of whoever has its number now',
    harm: 'Somebody who has nothing to do with it is cut off.',
    file: 'adapters/mysql/protocol/sessions.ts',
    text: 'WHERE ID = ? AND BINARY USER = ?',
    replacement: "WHERE ID = ? AND ? <> ''",
    lane: PASSWORDS,
  },
]
