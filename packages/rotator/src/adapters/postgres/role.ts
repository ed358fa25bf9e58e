import type { Call } from '../../ports/call.ts'
import type { Fact } from './fact.ts'
import type { Link } from './link.ts'
import { identifier, literal } from './sql.ts'

/** A role as pg_roles shows it. */
export interface Role {
  readonly oid: number
  readonly name: string
  readonly superuser: boolean
  readonly canLogin: boolean
  readonly inherit: boolean
  readonly createdb: boolean
  readonly createrole: boolean
  readonly replication: boolean
  readonly bypassrls: boolean
  /** -1: no limit. */
  readonly connectionLimit: number
  /** ISO text; null or `infinity`: for ever. */
  readonly validUntil: string | null
  /** Seconds since 1970; null: for ever. */
  readonly validUntilSeconds: number | null
}

const ROLE = `
  SELECT oid, rolname AS name, rolsuper AS superuser,
         rolcanlogin AS "canLogin", rolinherit AS inherit, rolcreatedb AS createdb,
         rolcreaterole AS createrole, rolreplication AS replication, rolbypassrls AS bypassrls,
         rolconnlimit AS "connectionLimit", rolvaliduntil::text AS "validUntil",
         CASE WHEN isfinite(rolvaliduntil) THEN extract(epoch FROM rolvaliduntil)::float8 END
           AS "validUntilSeconds"
  FROM pg_catalog.pg_roles WHERE rolname = $1`

/** Reads a role, if there is one of this name. */
export async function readRole(link: Link, name: string, call: Call): Promise<Role | undefined> {
  const operation = 'read the role'
  const [role] = await link.query<Role>({ sql: ROLE, values: [name], operation }, call)
  return role
}

type Flag = 'createdb' | 'createrole' | 'replication' | 'bypassrls' | 'inherit'

const FLAGS: readonly Flag[] = ['createdb', 'createrole', 'replication', 'bypassrls', 'inherit']

/** The attributes in which `role` is behind `reference`. */
export function missingAttributes(reference: Role, role: Role): readonly Fact[] {
  const facts: Fact[] = []
  if (reference.superuser && !role.superuser) facts.push({ line: 'attribute SUPERUSER' })
  for (const flag of FLAGS) {
    if (!reference[flag] || role[flag]) continue
    const name = flag.toUpperCase()
    facts.push({ line: `attribute ${name}`, give: (to) => `ALTER ROLE ${to} ${name}` })
  }
  const limit = reference.connectionLimit
  if (room(role.connectionLimit) < room(limit))
    facts.push({
      line: limit < 0 ? 'no connection limit' : `connection limit of ${limit}`,
      give: (to) => `ALTER ROLE ${to} CONNECTION LIMIT ${limit}`,
    })
  if (end(role) < end(reference))
    facts.push({
      line: `valid until ${reference.validUntil ?? 'infinity'}`,
      give: (to) => `ALTER ROLE ${to} VALID UNTIL ${literal(reference.validUntil ?? 'infinity')}`,
    })
  return facts
}

function room(connectionLimit: number): number {
  return connectionLimit < 0 ? Number.POSITIVE_INFINITY : connectionLimit
}

function end({ validUntilSeconds }: Role): number {
  return validUntilSeconds ?? Number.POSITIVE_INFINITY
}

/** A role as CREATE ROLE makes it when nothing is said. */
export const FRESH_ROLE: Role = {
  oid: 0,
  name: '',
  ...{ superuser: false, canLogin: false, inherit: true, createdb: false, createrole: false },
  ...{ replication: false, bypassrls: false, connectionLimit: -1 },
  ...{ validUntil: null, validUntilSeconds: null },
}

interface Membership {
  readonly role: string
  readonly admin: boolean
  /** Since PostgreSQL 16; null before. */
  readonly inherit: boolean | null
  readonly set: boolean | null
}

/** Options of a membership became rows of their own in 16. Source: release notes of 16. */
const MEMBERSHIPS = `
  SELECT r.rolname AS role, bool_or(m.admin_option) AS admin,
         bool_or((to_jsonb(m) ->> 'inherit_option')::bool) AS inherit,
         bool_or((to_jsonb(m) ->> 'set_option')::bool) AS set
  FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
  WHERE m.member = $1 GROUP BY 1 ORDER BY 1`

/** The roles that this one is directly a member of, with their options. */
export async function membershipFacts(
  link: Link,
  role: Pick<Role, 'oid'>,
  call: Call,
): Promise<Fact[]> {
  const operation = 'read memberships'
  const values = [role.oid]
  const rows = await link.query<Membership>({ sql: MEMBERSHIPS, values, operation }, call)
  return rows.flatMap((membership) => membershipFact(membership))
}

function membershipFact({ role, admin, inherit, set }: Membership): Fact[] {
  const name = identifier(role)
  const grant = (to: string): string => `GRANT ${name} TO ${to}`
  const bare = inherit === null ? '' : ' WITH INHERIT FALSE, SET FALSE'
  const options = { ADMIN: admin, INHERIT: inherit === true, SET: set === true }
  const facts: Fact[] = [
    { line: `membership in role ${name}`, give: (to) => `${grant(to)}${bare}` },
  ]
  for (const [option, on] of Object.entries(options)) {
    const clause = option === 'ADMIN' ? 'ADMIN OPTION' : `${option} TRUE`
    const line = `option ${option} of the membership in role ${name}`
    if (on) facts.push({ line, give: (to) => `${grant(to)} WITH ${clause}` })
  }
  return facts
}
