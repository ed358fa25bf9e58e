import type { UserTemplate } from '../../../ports/database.ts'
import type { UserEntry } from './entries.ts'
import type { Grant } from './grants.ts'
import type { Requirement } from './requirement.ts'

const TLS: Requirement = { kind: 'tls', cipher: '', issuer: '', subject: '' }

/**
 * The entries that a user with these entries should have: the same host patterns, and TLS wherever
 * nothing stricter is asked for. Whatever else an account is set to is not the template's business.
 *
 * @param blank - the entry of a user that does not exist yet
 */
export function templateEntries<E extends UserEntry>(
  { tls }: UserTemplate,
  entries: readonly E[],
  blank: E,
): readonly E[] {
  return (entries.length > 0 ? entries : [blank]).map((entry) =>
    tls && entry.requirement.kind === 'none' ? { ...entry, requirement: TLS } : entry,
  )
}

/**
 * What the template grants. A grant that names the database without escaping `_` and `%` is a
 * pattern that fits it and more: whoever has it lacks nothing, but nobody else is given it.
 * Source: MySQL's and MariaDB's documentation of GRANT, "Database Privileges".
 */
export function templateGrants({ dbname }: UserTemplate, held: readonly Grant[]): readonly Grant[] {
  const onDatabase = (pattern: string): Grant => ({
    kind: 'privileges',
    scope: { level: 'database', pattern },
    privileges: [{ name: 'ALL PRIVILEGES' }],
  })
  const hasAll = held.some(
    (grant) =>
      grant.kind === 'privileges' &&
      grant.scope.level === 'database' &&
      grant.scope.pattern === dbname &&
      grant.privileges.some(({ name }) => name === 'ALL PRIVILEGES'),
  )
  const escaped = dbname.replaceAll(/[\\%_]/g, String.raw`\$&`)
  return [onDatabase(hasAll ? dbname : escaped)]
}
