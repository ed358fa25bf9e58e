import { quoteAccount, quoteName } from './sql.ts'
import type { Grant, Privilege, Scope } from './grants.ts'

const GRANT_OPTION = 'GRANT OPTION'

/** The smallest thing that can be granted: one privilege, in one place, for one column if any. */
interface Atom {
  readonly scope: Scope
  readonly name: string
  readonly column?: string
}

/**
 * What `reference` allows and `grants` does not, one readable line for each place, sorted:
 * `SELECT, INSERT on database "openemr"`. A broader privilege of the same name counts as having it.
 */
export function missingGrants(
  reference: readonly Grant[],
  grants: readonly Grant[],
): readonly string[] {
  const held = new Set(grants.flatMap(atoms).map(keyOf))
  const lines = reference.flatMap((grant) => {
    if (grant.kind === 'privileges') return missingPrivileges(grant, held)
    return hasMembership(grants, grant) ? [] : [describeMembership(grant)]
  })
  return lines.toSorted()
}

function missingPrivileges(
  grant: Extract<Grant, { kind: 'privileges' }>,
  held: ReadonlySet<string>,
): readonly string[] {
  const names = grant.privileges.flatMap((privilege) => {
    const lacking = split(grant.scope, privilege).filter((atom) => !isCovered(atom, held))
    if (lacking.length === 0) return []
    if (privilege.columns === undefined) return [privilege.name]
    return [`${privilege.name} (${lacking.map((atom) => atom.column).join(', ')})`]
  })
  return names.length === 0 ? [] : [`${names.join(', ')} on ${describeScope(grant.scope)}`]
}

function atoms(grant: Grant): readonly Atom[] {
  if (grant.kind !== 'privileges') return []
  return grant.privileges.flatMap((privilege) => split(grant.scope, privilege))
}

function split(scope: Scope, { name, columns }: Privilege): readonly Atom[] {
  return columns?.map((column) => ({ scope, name, column })) ?? [{ scope, name }]
}

/** The server adds up what it finds on each level, so any of these places is enough. */
function isCovered(atom: Atom, held: ReadonlySet<string>): boolean {
  return covering(atom.scope).some(
    (scope) =>
      held.has(keyOf({ scope, name: atom.name })) ||
      (atom.column !== undefined && held.has(keyOf({ ...atom, scope }))) ||
      (atom.name !== GRANT_OPTION && held.has(keyOf({ scope, name: 'ALL PRIVILEGES' }))),
  )
}

/**
 * The scope itself and the broader ones. Only the database pattern that means exactly this
 * database counts: of several patterns that match, the server applies one alone.
 */
function covering(scope: Scope): readonly Scope[] {
  if (scope.level === 'global') return [scope]
  if (scope.level === 'database') return [scope, { level: 'global' }]
  const pattern = scope.path[0].replaceAll(/[\\%_]/g, String.raw`\$&`)
  return [scope, { level: 'database', pattern }, { level: 'global' }]
}

function keyOf(atom: Atom): string {
  const { scope } = atom
  const place =
    scope.level === 'global' ? [] : scope.level === 'database' ? [scope.pattern] : scope.path
  const type = scope.level === 'object' ? scope.type : ''
  return JSON.stringify([scope.level, type, ...place, atom.name, atom.column ?? null])
}

/**
 * What has to be granted so that {@link missingGrants} of `reference` finds nothing. Only what is
 * missing is named, since an admin may grant no more than it has itself. An option to grant goes
 * with what is granted; missing alone, it takes the whole line.
 */
export function grantsToGive(
  reference: readonly Grant[],
  grants: readonly Grant[],
): readonly Grant[] {
  const held = new Set(grants.flatMap(atoms).map(keyOf))
  return reference.flatMap((grant): readonly Grant[] => {
    if (missingGrants([grant], grants).length === 0) return []
    if (grant.kind !== 'privileges') return [grant]
    const lacking = grant.privileges.filter((privilege) =>
      split(grant.scope, privilege).some((atom) => !isCovered(atom, held)),
    )
    const named = lacking.filter(({ name }) => name !== GRANT_OPTION)
    if (named.length === 0) return [grant]
    const option = grant.privileges.filter(({ name }) => name === GRANT_OPTION)
    return [{ ...grant, privileges: [...named, ...option] }]
  })
}

type Membership = Exclude<Grant, { kind: 'privileges' }>

function hasMembership(grants: readonly Grant[], wanted: Membership): boolean {
  return grants.some((grant) => {
    if (wanted.kind === 'role')
      return (
        grant.kind === 'role' &&
        grant.role === wanted.role &&
        grant.host === wanted.host &&
        (grant.admin || !wanted.admin)
      )
    return (
      grant.kind === 'proxy' &&
      grant.user === wanted.user &&
      grant.host === wanted.host &&
      (grant.admin || !wanted.admin)
    )
  })
}

function describeMembership(grant: Membership): string {
  if (grant.kind === 'role')
    return `role ${describeRole(grant)}${grant.admin ? ' with the right to grant it' : ''}`
  return `PROXY for "${grant.user}" at "${grant.host}"`
}

/** A role as people name it: MySQL's default host pattern goes without saying. */
export function describeRole({ role, host }: { role: string; host?: string }): string {
  return host === undefined || host === '%' ? `"${role}"` : `"${role}" at "${host}"`
}

/** A role as statements name it. */
export function quoteRole({ role, host }: { role: string; host?: string }): string {
  return host === undefined ? quoteName(role) : quoteAccount({ user: role, host })
}

function describeScope(scope: Scope): string {
  if (scope.level === 'global') return 'all databases'
  if (scope.level === 'database') return `database "${scope.pattern}"`
  return `${scope.type} "${scope.path.join('"."')}"`
}

/** The statement that gives `grantee`, already quoted, what this grant says. */
export function renderGrant(grant: Grant, grantee: string): string {
  if (grant.kind === 'role')
    return `GRANT ${quoteRole(grant)} TO ${grantee}${grant.admin ? ' WITH ADMIN OPTION' : ''}`
  if (grant.kind === 'proxy') {
    const option = grant.admin ? ' WITH GRANT OPTION' : ''
    return `GRANT PROXY ON ${quoteAccount(grant)} TO ${grantee}${option}`
  }
  const named = grant.privileges.filter((privilege) => privilege.name !== GRANT_OPTION)
  const option = named.length < grant.privileges.length ? ' WITH GRANT OPTION' : ''
  const list = named.length === 0 ? 'USAGE' : named.map(renderPrivilege).join(', ')
  return `GRANT ${list} ON ${renderScope(grant.scope)} TO ${grantee}${option}`
}

function renderPrivilege({ name, columns }: Privilege): string {
  return columns === undefined ? name : `${name} (${columns.map(quoteName).join(', ')})`
}

function renderScope(scope: Scope): string {
  if (scope.level === 'global') return '*.*'
  if (scope.level === 'database') return `${quoteName(scope.pattern)}.*`
  return `${scope.type.toUpperCase()} ${scope.path.map(quoteName).join('.')}`
}
