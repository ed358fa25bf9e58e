import type { Call } from '../../../ports/call.ts'
import { aclFacts } from '../acl.ts'
import { policyFacts } from '../bound.ts'
import { missing } from '../fact.ts'
import type { Fact } from '../fact.ts'
import { FRESH_ROLE, membershipFacts, missingAttributes, readRole } from '../role.ts'
import type { Role } from '../role.ts'
import { identifier } from '../sql.ts'
import type { Change, Phase, Place, Scene } from './change.ts'

/**
 * The owner role must have what the user has before it owns anything: views, functions with
 * SECURITY DEFINER and checks of foreign keys run with the rights of the owner.
 * Source: PostgreSQL documentation, CREATE VIEW, "Notes"; test "foreign keys, views and functions
 * go on working while their owner changes".
 */
export const makeOwner: Phase = async (scene, call) => {
  const owned = await Promise.all(scene.places.map((place) => rights(scene, place, call)))
  return [...(await roleAndMembers(scene, call)), ...owned.flat()]
}

async function roleAndMembers(scene: Scene, call: Call): Promise<readonly Change[]> {
  const { places, user, owner, ownerRole, admin } = scene
  const [place] = places
  if (place === undefined) throw new TypeError('the target has a database')
  const change = (what: string, statement: string): Change => {
    return { phase: 'owner', place, what, statements: [statement] }
  }
  const quoted = identifier(owner)
  const changes: Change[] = []
  if (ownerRole === undefined)
    changes.push(change(`role "${owner}" is made, NOLOGIN`, `CREATE ROLE ${quoted} NOLOGIN`))
  if (!admin.superuser)
    for (const wanted of [user.name, owner])
      if (!(await isMember(place, { member: admin.name, of: wanted }, call)))
        changes.push(join(scene, place, { member: admin.name, of: wanted }))
  if (!(await isMember(place, { member: user.name, of: owner }, call)))
    changes.push(join(scene, place, { member: user.name, of: owner }))
  return changes
}

interface Membership {
  readonly member: string
  readonly of: string
}

function join({ version }: Scene, place: Place, { member, of }: Membership): Change {
  const options = version >= 160_000 ? ' WITH INHERIT TRUE, SET TRUE' : ''
  return {
    phase: 'owner',
    place,
    what: `role "${member}" becomes a member of role "${of}"`,
    statements: [`GRANT ${identifier(of)} TO ${identifier(member)}${options}`],
  }
}

/**
 * True when the member has the privileges of the role and may become it. `SET` as a privilege of a
 * role exists since PostgreSQL 16; until then every member may become it.
 * Source: PostgreSQL documentation, pg_has_role.
 */
const IS_MEMBER = `
  SELECT coalesce((
    SELECT pg_has_role(m.oid, r.oid, 'USAGE')
       AND pg_has_role(m.oid, r.oid, CASE WHEN $3::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
    FROM pg_catalog.pg_roles m, pg_catalog.pg_roles r
    WHERE m.rolname = $1 AND r.rolname = $2), false) AS "isMember"`

/** Whether the privileges of a role come to this member, and it may become the role. */
export async function isMember(
  { link }: Place,
  { member, of }: Membership,
  call: Call,
): Promise<boolean> {
  const version = await serverVersion(link, call)
  const statement = { sql: IS_MEMBER, values: [member, of, version], operation: 'read memberships' }
  const [row] = await link.query<{ isMember: boolean }>(statement, call)
  return row?.isMember === true
}

/** `server_version_num`. */
export async function serverVersion(link: Place['link'], call: Call): Promise<number> {
  const sql = "SELECT current_setting('server_version_num')::int AS version"
  const [row] = await link.query<{ version: number }>({ sql, operation: 'read the version' }, call)
  return row?.version ?? 0
}

/** What the user has in this database by its own name and the owner role lacks. */
async function rights(scene: Scene, place: Place, call: Call): Promise<readonly Change[]> {
  const facts = await lackingRights(scene, place, call)
  const name = identifier(scene.owner)
  const given = facts.flatMap(({ line, give }): Change[] => {
    if (give === undefined) return []
    const what = `role "${scene.owner}" gets ${line}, as role "${scene.user.name}" has it`
    return [{ phase: 'owner', place, what, statements: [give(name)] }]
  })
  return scene.acts ? given : [...given, ...(await bridge(scene, place, call))]
}

/**
 * What the owner role still lacks once it was given everything. GRANT by a role without the grant
 * option is only a warning where it holds some other privilege on the object.
 * Source: PostgreSQL documentation, GRANT, "Notes".
 */
export async function stillLacking(
  scene: Scene,
  place: Place,
  call: Call,
): Promise<string | undefined> {
  const ownerRole = await readRole(place.link, scene.owner, call)
  const left = await lackingRights({ ...scene, ownerRole }, place, call)
  return left.find(({ give }) => give !== undefined)?.line
}

async function lackingRights(scene: Scene, place: Place, call: Call): Promise<readonly Fact[]> {
  const { user, ownerRole, owner } = scene
  const { link } = place
  const role = ownerRole ?? FRESH_ROLE
  const own = { oid: user.oid, grants: 'own' } as const
  const had = { oid: role.oid, grants: 'effective' } as const
  const here = missing(
    [...(await aclFacts(link, own, call)), ...(await policyFacts(link, own, call))],
    [...(await aclFacts(link, had, call)), ...(await policyFacts(link, had, call))],
  )
  if (place !== scene.places[0]) return here
  const unlimited = limitsOf(user, role)
  const itself = ` role ${identifier(owner)}`
  const memberships = (await membershipFacts(link, user, call)).filter(
    ({ line }) => !line.endsWith(itself),
  )
  const joined = missing(memberships, await membershipFacts(link, role, call))
  return [...missingAttributes(unlimited, role), ...joined, ...here]
}

/** Limits hold for a login, and nobody logs in as the owner role. */
function limitsOf(user: Role, { connectionLimit, validUntil, validUntilSeconds }: Role): Role {
  return { ...user, superuser: false, connectionLimit, validUntil, validUntilSeconds }
}

/** Words of ALTER DEFAULT PRIVILEGES, and how pg_default_acl calls them. */
const BRIDGED: Readonly<Record<string, string>> = {
  r: 'TABLES',
  S: 'SEQUENCES',
  f: 'ROUTINES',
  T: 'TYPES',
  n: 'SCHEMAS',
}

const GRANTED = `
  SELECT d.defaclobjtype::text AS kind FROM pg_catalog.pg_default_acl d
  CROSS JOIN LATERAL aclexplode(d.defaclacl) e
  WHERE d.defaclrole = $1 AND d.defaclnamespace = 0 AND e.grantee = $2 GROUP BY 1`

/**
 * Sessions that are open now go on creating things as the user. What they create is granted to the
 * owner role, as whom later sessions work.
 */
async function bridge(scene: Scene, place: Place, call: Call): Promise<readonly Change[]> {
  const { user, owner, ownerRole } = scene
  const operation = 'read default privileges'
  const values = [user.oid, ownerRole?.oid ?? 0]
  const rows = await place.link.query<{ kind: string }>({ sql: GRANTED, values, operation }, call)
  const done = new Set(ownerRole ? rows.map(({ kind }) => kind) : [])
  const kinds = Object.entries(BRIDGED).filter(([kind]) => !done.has(kind))
  if (kinds.length === 0) return []
  const what =
    `what sessions that are open now create in database "${place.database}" as role ` +
    `"${user.name}" is granted to role "${owner}"`
  const by = `ALTER DEFAULT PRIVILEGES FOR ROLE ${identifier(user.name)}`
  const statements = kinds.map(([, word]) => `${by} GRANT ALL ON ${word} TO ${identifier(owner)}`)
  return [{ phase: 'owner', place, what, statements }]
}
