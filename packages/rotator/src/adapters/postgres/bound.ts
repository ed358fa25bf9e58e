import type { Call } from '../../ports/call.ts'
import type { Fact } from './fact.ts'
import type { Link } from './link.ts'
import type { Role } from './role.ts'
import { identifier, qualified } from './sql.ts'

/**
 * Objects that the role owns itself, in this database and in others, as the server describes them.
 * Default privileges of the role are recorded as owned by it, but hold nothing; temporary tables go
 * with their session.
 * Source: PostgreSQL documentation, pg_shdepend (deptype `o`).
 */
const OWNED = `
  SELECT CASE WHEN s.dbid = 0 OR d.datname = current_database()
              THEN pg_describe_object(s.classid, s.objid, s.objsubid)
              ELSE format('objects in database %I', d.datname) END AS what
  FROM pg_catalog.pg_shdepend s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
  WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1 AND s.deptype = 'o'
    AND s.classid <> 'pg_default_acl'::regclass
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE s.classid = 'pg_class'::regclass
                      AND d.datname = current_database() AND c.oid = s.objid
                      AND c.relpersistence = 't')
  GROUP BY 1 ORDER BY 1 LIMIT 20`

/** What the role owns. Nobody else can be given it while it stays with the role. */
export async function ownershipFacts(link: Link, role: Role, call: Call): Promise<Fact[]> {
  const operation = 'read what the role owns'
  const rows = await link.query<{ what: string }>(
    { sql: OWNED, values: [role.oid], operation },
    call,
  )
  return rows.map(({ what }) => ({ line: `ownership of ${what}` }))
}

/** User mappings may hold another system's password, which nobody but the user may read. */
const MAPPINGS = `
  SELECT srvname AS server FROM pg_catalog.pg_user_mappings
  WHERE umuser = $1 OR (umuser = 0 AND $2::bool) ORDER BY 1`

/** Foreign servers that the role has a login for. These cannot be copied. */
export async function mappingFacts(
  link: Link,
  whose: { readonly oid: number; readonly grants: 'own' | 'effective' },
  call: Call,
): Promise<Fact[]> {
  const operation = 'read user mappings'
  const values = [whose.oid, whose.grants === 'effective']
  const rows = await link.query<{ server: string }>({ sql: MAPPINGS, values, operation }, call)
  return rows.map(({ server }) => ({ line: `user mapping on server ${identifier(server)}` }))
}

/** Policies that name the role; `effective`: or PUBLIC, or a role that it inherits. */
const POLICIES = `
  SELECT p.polname AS policy, n.nspname AS schema, c.relname AS table,
         ARRAY(SELECT r.rolname::text FROM pg_catalog.pg_roles r
               WHERE r.oid = ANY(p.polroles) ORDER BY 1) AS roles
  FROM pg_catalog.pg_policy p
  JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE EXISTS (
    SELECT FROM unnest(p.polroles) AS named
    WHERE named = $1 OR CASE WHEN NOT $2::bool THEN false WHEN named = 0 THEN true
                             ELSE pg_has_role($1::oid, named, 'USAGE') END)
  ORDER BY 1, 2, 3`

interface Policy {
  readonly policy: string
  readonly schema: string
  readonly table: string
  readonly roles: readonly string[]
}

/** Row security policies that let the role see rows. */
export async function policyFacts(
  link: Link,
  whose: { readonly oid: number; readonly grants: 'own' | 'effective' },
  call: Call,
): Promise<Fact[]> {
  const operation = 'read row security policies'
  const values = [whose.oid, whose.grants === 'effective']
  const rows = await link.query<Policy>({ sql: POLICIES, values, operation }, call)
  return rows.map(({ policy, schema, table, roles }) => {
    const name = identifier(policy)
    const on = qualified([schema, table])
    const named = roles.map(identifier)
    return {
      line: `row security policy ${name} on table ${on}`,
      give: (to) => `ALTER POLICY ${name} ON ${on} TO ${[...named, to].join(', ')}`,
    }
  })
}
