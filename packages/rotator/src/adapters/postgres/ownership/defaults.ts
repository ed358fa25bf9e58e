import type { Call } from '../../../ports/call.ts'
import { identifier } from '../sql.ts'
import type { Change, Phase, Place, Scene } from './change.ts'

/** One privilege that is given, or with `revoke` taken, on whatever a role will create. */
interface Default {
  readonly kind: string
  readonly schema: string | null
  readonly grantee: string | null
  readonly privilege: string
  readonly grantable: boolean
  readonly revoke: boolean
}

/**
 * What the user's default privileges give others and the owner role's do not, and what the user's
 * take from PUBLIC and the owner role's do not. An entry without a schema stands in place of the
 * built-in defaults; one with a schema comes on top.
 * Source: PostgreSQL documentation, pg_default_acl, ALTER DEFAULT PRIVILEGES.
 */
const DEFAULTS = `
  WITH mine AS (
    SELECT d.defaclobjtype AS kind, d.defaclnamespace AS nsp, e.*
    FROM pg_catalog.pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) e
    WHERE d.defaclrole = $1 AND e.grantee NOT IN ($1, $2)),
  theirs AS (
    SELECT d.defaclobjtype AS kind, d.defaclnamespace AS nsp, e.*
    FROM pg_catalog.pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) e
    WHERE d.defaclrole = $2 AND $2 <> 0),
  built_in AS (
    SELECT k.kind, 0::oid AS nsp, e.*
    FROM (SELECT defaclobjtype AS kind FROM pg_catalog.pg_default_acl
          WHERE defaclrole = $1 AND defaclnamespace = 0) k
    CROSS JOIN LATERAL aclexplode(acldefault(
      CASE k.kind WHEN 'S' THEN 's'::"char" ELSE k.kind END, $1)) e
    WHERE e.grantee = 0),
  had AS (
    SELECT * FROM theirs UNION ALL
    SELECT * FROM built_in b WHERE NOT EXISTS (
      SELECT FROM theirs t WHERE t.kind = b.kind AND t.nsp = 0)),
  wanted AS (
    SELECT m.kind, m.nsp, m.grantee, m.privilege_type, m.is_grantable, false AS revoke
    FROM mine m WHERE NOT EXISTS (
      SELECT FROM had h WHERE h.kind = m.kind AND h.nsp = m.nsp AND h.grantee = m.grantee
        AND h.privilege_type = m.privilege_type AND h.is_grantable >= m.is_grantable)
    UNION ALL
    SELECT b.kind, b.nsp, b.grantee, b.privilege_type, false, true
    FROM built_in b
    WHERE EXISTS (SELECT FROM had h WHERE h.kind = b.kind AND h.nsp = 0 AND h.grantee = 0
                    AND h.privilege_type = b.privilege_type)
      AND NOT EXISTS (SELECT FROM mine m WHERE m.kind = b.kind AND m.nsp = 0 AND m.grantee = 0
                        AND m.privilege_type = b.privilege_type))
  SELECT w.kind::text, n.nspname AS schema, r.rolname AS grantee, w.privilege_type AS privilege,
         w.is_grantable AS grantable, w.revoke
  FROM wanted w LEFT JOIN pg_catalog.pg_namespace n ON n.oid = w.nsp
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = w.grantee
  ORDER BY 1, 2 NULLS FIRST, 3 NULLS FIRST, 4`

const WORDS: Readonly<Record<string, string>> = {
  r: 'TABLES',
  S: 'SEQUENCES',
  f: 'ROUTINES',
  T: 'TYPES',
  n: 'SCHEMAS',
  L: 'LARGE OBJECTS',
}

/** What the user creates is granted to others by default; so is what the owner role creates. */
export const copyDefaults: Phase = async (scene, call) => {
  if (scene.acts) return []
  const changes: Change[] = []
  for (const place of scene.places)
    changes.push(...(await defaultsIn(scene, place, call)).map((one) => change(scene, place, one)))
  return changes
}

async function defaultsIn(scene: Scene, place: Place, call: Call): Promise<readonly Default[]> {
  const operation = 'read default privileges'
  const values = [scene.user.oid, scene.ownerRole?.oid ?? 0]
  return await place.link.query<Default>({ sql: DEFAULTS, values, operation }, call)
}

function change({ owner }: Scene, place: Place, one: Default): Change {
  const { kind, schema, grantee, privilege, grantable, revoke } = one
  if (!/^[A-Z ]+$/.test(privilege)) throw new TypeError('a privilege is made of capital letters')
  const objects = WORDS[kind] ?? ''
  const to = grantee === null ? 'PUBLIC' : identifier(grantee)
  const within = schema === null ? '' : ` IN SCHEMA ${identifier(schema)}`
  const verb = revoke
    ? `REVOKE ${privilege} ON ${objects} FROM ${to}`
    : `GRANT ${privilege} ON ${objects} TO ${to}${grantable ? ' WITH GRANT OPTION' : ''}`
  const where = schema === null ? '' : ` in schema ${identifier(schema)}`
  const words = `${privilege} on ${objects.toLowerCase()} that role "${owner}" will create${where}`
  const shown = revoke
    ? `${to} loses ${words}`
    : `${to} gets ${words}${grantable ? ', with grant option' : ''}`
  return {
    phase: 'defaults',
    place,
    what: `${shown} (database "${place.database}")`,
    statements: [`ALTER DEFAULT PRIVILEGES FOR ROLE ${identifier(owner)}${within} ${verb}`],
  }
}
