import type { Call } from '../../../ports/call.ts'
import { mappingFacts } from '../bound.ts'
import { identifier } from '../sql.ts'
import type { Place, Scene } from './change.ts'
import { ownedBy } from './owned.ts'
import type { Owned } from './owned.ts'
import { isMember } from './owner-role.ts'
import type { OpenScene } from './scene.ts'

/** Why ownership cannot be moved, one readable line each; with what to do where it is a GRANT. */
export async function findProblems(open: OpenScene, call: Call): Promise<readonly string[]> {
  const { scene } = open
  const found = [...ofUser(open), ...ofOwnerRole(open), ...(await circle(scene, call))]
  found.push(...(await ofAdmin(scene, call)))
  for (const place of scene.places) found.push(...(await ofPlace(scene, place, call)))
  return found
}

/** Since PostgreSQL 16 a membership can be inherited by a role that is NOINHERIT. */
function ofUser({ scene: { user, version }, closed }: OpenScene): readonly string[] {
  const found = closed.map(
    (database) => `database "${database}" holds something of it and takes no connections`,
  )
  if (user.superuser) found.push(`role "${user.name}" is a superuser, which no other user can be`)
  if (version < 160_000 && !user.inherit)
    found.push(
      `role "${user.name}" would lose what it owns, because it is NOINHERIT: ` +
        `ALTER ROLE ${identifier(user.name)} INHERIT`,
    )
  return found
}

function ofOwnerRole({ scene, actsAs }: OpenScene): readonly string[] {
  const { user, owner, ownerRole } = scene
  const found: string[] = []
  if (ownerRole?.canLogin === true)
    found.push(`role "${owner}" may log in: an owner role is NOLOGIN (name another)`)
  if (ownerRole?.superuser === true) found.push(`role "${owner}" is a superuser (name another)`)
  for (const { role, database } of actsAs)
    if (role !== owner || database !== null) {
      const where = database === null ? '' : ` in database "${database}"`
      found.push(`role "${user.name}" already works as role "${role}"${where}`)
    }
  return found
}

/** A role cannot be a member of its member. */
async function circle({ places, user, owner, ownerRole }: Scene, call: Call): Promise<string[]> {
  const [place] = places
  if (place === undefined || ownerRole === undefined) return []
  if (!(await hasRole(place, { member: owner, of: user.name }, call))) return []
  return [`role "${owner}" is a member of role "${user.name}" (name another)`]
}

async function hasRole(
  { link }: Place,
  { member, of }: { readonly member: string; readonly of: string },
  call: Call,
): Promise<boolean> {
  const sql = `SELECT pg_has_role($1::name, $2::name, 'MEMBER') AS has`
  const statement = { sql, values: [member, of], operation: 'read memberships' }
  const [row] = await link.query<{ has: boolean }>(statement, call)
  return row?.has === true
}

/** Until PostgreSQL 16 CREATEROLE was enough to grant any role that is no superuser. */
async function ofAdmin(scene: Scene, call: Call): Promise<readonly string[]> {
  const { places, admin, user, owner, ownerRole, version } = scene
  const [place] = places
  if (place === undefined || admin.superuser) return []
  const found: string[] = []
  if (!admin.createrole) found.push(`role "${admin.name}" needs CREATEROLE`)
  const wanted = ownerRole ? [user.name, owner] : [user.name]
  for (const role of wanted) {
    if (version < 160_000 || (await mayGrant(place, { member: admin.name, of: role }, call)))
      continue
    const grant = `GRANT ${identifier(role)} TO ${identifier(admin.name)} WITH ADMIN OPTION`
    const reason = (await isMember(place, { member: admin.name, of: role }, call))
      ? 'may not change'
      : 'is no member of'
    found.push(`role "${admin.name}" ${reason} role "${role}": ${grant}`)
  }
  return found
}

async function mayGrant(
  { link }: Place,
  { member, of }: { readonly member: string; readonly of: string },
  call: Call,
): Promise<boolean> {
  const sql = `SELECT pg_has_role($1::name, $2::name, 'MEMBER WITH ADMIN OPTION') AS may`
  const statement = { sql, values: [member, of], operation: 'read memberships' }
  const [row] = await link.query<{ may: boolean }>(statement, call)
  return row?.may === true
}

async function ofPlace(scene: Scene, place: Place, call: Call): Promise<readonly string[]> {
  const { user, admin } = scene
  const owned = (await ownedBy(place.link, user, call)).filter(({ follows }) => !follows)
  const whose = { oid: user.oid, grants: 'own' } as const
  const mappings = await mappingFacts(place.link, whose, call)
  const found = mappings.map(({ line }) => `role "${user.name}" has a ${line}, which no other can`)
  found.push(...owned.filter(isForSuperusers).map(forSuperusers))
  if (admin.superuser) return found
  return [...found, ...(await missingCreate(scene, place, owned, call))]
}

/** Source: PostgreSQL documentation, CREATE EVENT TRIGGER, CREATE FOREIGN DATA WRAPPER. */
function isForSuperusers({ kind }: Owned): boolean {
  return kind === 'event trigger' || kind === 'foreign-data wrapper'
}

function forSuperusers({ kind, name }: Owned): string {
  return `${kind} ${name} can be owned by superusers only`
}

/**
 * The new owner of a thing needs CREATE in its schema; it will have what the user has. Whoever
 * moves a schema needs CREATE on the database, and will have what the user has.
 * Source: PostgreSQL documentation, ALTER TABLE and ALTER SCHEMA, on "OWNER TO".
 */
const CREATE = `
  SELECT coalesce(array_agg(n.nspname::text ORDER BY n.nspname) FILTER (WHERE NOT (
           n.nspowner = $1 OR has_schema_privilege($1::oid, n.oid, 'CREATE')
           OR ($3::oid <> 0 AND has_schema_privilege($3::oid, n.oid, 'CREATE')))), '{}') AS schemas,
         has_database_privilege($1::oid, current_database(), 'CREATE')
         OR has_database_privilege(current_database(), 'CREATE') AS "mayMoveSchemas"
  FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY($2::text[])`

async function missingCreate(
  { user, owner, ownerRole, admin }: Scene,
  { link, database }: Place,
  owned: readonly Owned[],
  call: Call,
): Promise<readonly string[]> {
  const schemas = owned.flatMap(({ schema }) => (schema === null ? [] : [schema]))
  const statement = {
    sql: CREATE,
    values: [user.oid, [...new Set(schemas)], ownerRole?.oid ?? 0],
    operation: 'read who may create',
  }
  const [row] = await link.query<{ schemas: string[]; mayMoveSchemas: boolean }>(statement, call)
  const found = (row?.schemas ?? []).map(
    (schema) =>
      `role "${owner}" could own nothing in schema "${schema}" (database "${database}"): ` +
      `GRANT CREATE ON SCHEMA ${identifier(schema)} TO ${identifier(user.name)}`,
  )
  if (row?.mayMoveSchemas !== true && owned.some(({ kind }) => kind === 'schema'))
    found.push(
      `role "${admin.name}" may not move schemas: ` +
        `GRANT CREATE ON DATABASE ${identifier(database)} TO ${identifier(admin.name)}`,
    )
  return found
}
