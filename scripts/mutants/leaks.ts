import { real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const LEAKS = real('test/leaks.int.test.ts')
const MYSQL = real('test/bad-input-mysql.int.test.ts')
const MARIADB = real('test/bad-input-mariadb.int.test.ts')
const PACKETS = real('test/fuzz-packets.int.test.ts')
const SENSITIVE = unit('test/sensitive.test.ts')

/** Walls around secrets, taken down one at a time: the search for leaks must find each hole. */
export const LEAK_MUTANTS: readonly Mutant[] = [
  {
    name: 'wall: the scrubber is off',
    harm: 'What a restart command prints about its password stands in every log.',
    file: 'engine/secrets.ts',
    text: "if (clean.includes(form)) clean = clean.replaceAll(form, '[secret]')",
    replacement: 'if (form === text) clean = text',
    lane: LEAKS,
  },
  {
    name: 'wall: the scrubber knows one spelling',
    harm: 'A password in base64 stands in every log.',
    file: 'engine/secrets.ts',
    text: "for (const encoding of ['base64', 'base64url', 'hex'] as const)",
    replacement: 'for (const encoding of [] as const)',
    lane: LEAKS,
  },
  {
    name: 'wall: causes are not scrubbed',
    harm: 'A program that embeds cuedot logs the cause of an error, and the password in it.',
    file: 'engine/secrets.ts',
    text: "if (typeof text !== 'string') this.#scrubDeep(text, seen)",
    replacement: "if (typeof text !== 'string') continue",
    lane: SENSITIVE,
  },
  {
    name: 'wall: Sensitive shows itself as text',
    harm: 'A secret in a template string is shown.',
    file: '../../client/src/protocol/sensitive.ts',
    text: 'return `[${this.label}]`',
    replacement: 'return String(this.#value)',
    lane: SENSITIVE,
  },
  {
    name: 'wall: Sensitive shows itself in JSON',
    harm: 'A secret in an event is printed.',
    file: '../../client/src/protocol/sensitive.ts',
    text: 'toJSON(): string {\n    return this.toString()',
    replacement: 'toJSON(): string {\n    return String(this.#value)',
    lane: SENSITIVE,
  },
  {
    name: 'wall: Sensitive shows itself to inspection',
    harm: 'A secret in an error that Node prints is shown.',
    file: '../../client/src/protocol/sensitive.ts',
    text: 'value(this: Sensitive<unknown>): string {\n    return this.toString()',
    replacement: 'value(this: Sensitive<unknown>): string {\n    return String(this.reveal())',
    lane: SENSITIVE,
  },
  {
    name: 'wall: PostgreSQL is sent the password',
    harm: 'The password stands in the log of the server and in pg_stat_statements.',
    file: 'adapters/postgres/password.ts',
    text: 'PASSWORD ${literal(verifier)}`',
    replacement: 'PASSWORD ${literal(change.password.reveal())}`',
    lane: LEAKS,
  },
  {
    name: 'wall: MariaDB is sent the password in a comment',
    harm: 'The password stands in the general log of the server.',
    file: 'adapters/mysql/mariadb/passwords.ts',
    text: "const via = `IDENTIFIED VIA ${NATIVE} USING '${nativeHash(password)}'`",
    replacement:
      "const via = `IDENTIFIED VIA ${NATIVE} USING '${nativeHash(password)}'` +\n" +
      '    ` /*${password.reveal()}*/`',
    lane: MARIADB,
  },
  {
    name: 'wall: MySQL is sent the password where it does not mask it',
    harm: 'The password stands in the general log, the binary log and performance_schema.',
    file: 'adapters/mysql/mysql/passwords.ts',
    text: "const sql = `ALTER USER ${accounts.join(', ')} ACCOUNT UNLOCK`",
    replacement:
      'await connection.run({ operation, sql: `DO ${quoteText(password.reveal())}` }, call)\n' +
      "  const sql = `ALTER USER ${accounts.join(', ')} ACCOUNT UNLOCK`",
    lane: MYSQL,
  },
  {
    name: 'wall: an error of MySQL keeps the driver’s error',
    harm: 'The statement, and the password in it, is in every error that a program logs.',
    file: 'adapters/mysql/protocol/errors.ts',
    text: '  if (errno === AGAINST_POLICY)',
    replacement:
      "  if (errno === AGAINST_POLICY) return new RotatorError('ERR_DB_UNSUPPORTED', " +
      "{ endpoint, problem: '' }, { cause: error })\n  if (errno === AGAINST_POLICY)",
    lane: MYSQL,
  },
  {
    name: 'wall: a message of MySQL’s adapter names the statement',
    harm: 'The password is in the message of the error.',
    file: 'adapters/mysql/mysql/passwords.ts',
    text: 'const operation = `set the password of "${user}"`\n  const sql',
    replacement:
      'const operation = `set the password of "${user}" to ${password.reveal()}`\n  const sql',
    lane: MYSQL,
  },
  {
    name: 'wall: an unreadable document is quoted',
    harm: 'A cut-off secret is printed with the passwords in it.',
    file: '../../client/src/protocol/json-document.ts',
    text: "'is not JSON (empty or cut off?)'",
    replacement: '`is not JSON: ${text.reveal()}`',
    lane: LEAKS,
  },
  {
    name: 'wall: a command gets our whole environment',
    harm: 'A restart script, and all that it starts, holds the keys to the secret store.',
    file: 'adapters/runtimes/command.ts',
    text: 'const names = [...PASSED_ON, ...(options.inherit ?? [])]',
    replacement: 'const names = [...PASSED_ON, ...Object.keys(process.env)]',
    lane: LEAKS,
  },
  {
    name: 'wall: a temporary file is open to all',
    harm: 'Whoever has an account on the machine can read the new password for a moment.',
    file: 'adapters/common/atomic-write.ts',
    text: "const file = await open(temp, 'wx', 0o600)",
    replacement: "const file = await open(temp, 'wx', 0o644)",
    lane: LEAKS,
  },
  {
    name: 'wall: SIGUSR1 opens the debugger',
    harm: 'Every local user can read all memory on a port of loopback.',
    file: 'cli/main.ts',
    text: "process.on('SIGUSR1', () => undefined)",
    replacement: '',
    lane: LEAKS,
  },
  {
    name: 'hands an error message that does not end to the driver',
    harm: 'A server that breaks the protocol makes a run hang for ever, deadline or not.',
    file: 'adapters/postgres/frames.ts',
    text: "throw new RangeError('an error message that does not end')",
    replacement: 'at = end - length - 1',
    lane: unit('src/adapters/postgres/frames.test.ts'),
  },
  {
    name: 'takes a lost login for one of unknown outcome',
    harm: 'A login is said to have changed something.',
    file: 'adapters/postgres/classify.ts',
    text: "if (sqlstate === '' || ENDS_CONNECTION.test(sqlstate)) {",
    replacement: "if (sqlstate === 'x') {",
    lane: PACKETS,
  },
  {
    name: 'takes a lock for a statement that is wrong',
    harm: 'A rotation is turned back because somebody held a role locked for a moment.',
    file: 'adapters/postgres/classify.ts',
    text: 'if (NO_LOCK.has(sqlstate))',
    replacement: "if (sqlstate === 'x')",
    lane: real('test/bad-input-postgres.int.test.ts'),
  },
  {
    name: 'does not ask MariaDB why',
    harm: 'A password policy is reported as a statement that is wrong.',
    file: 'adapters/mysql/protocol/errors.ts',
    text: 'return failureOf(error).errno === OPERATION_FAILED',
    replacement: 'return failureOf(error).errno === 0',
    lane: MARIADB,
  },
  {
    name: 'rounds a number that it does not know',
    harm: 'An account number in a secret is another one after a rotation.',
    file: '../../client/src/protocol/json-document.ts',
    text: 'return typeof raw ===',
    replacement: 'return typeof keepNumber !==',
    lane: unit('test/fuzz-documents.test.ts'),
  },
]
