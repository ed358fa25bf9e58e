import type { Call } from '../../../ports/call.ts'
import type { Link } from '../link.ts'
import type { Role } from '../role.ts'
import { identifier } from '../sql.ts'
import type { Change, Phase, Place, Scene } from './change.ts'

/** Something that a role owns, as the server names it. */
export interface Owned {
  /** As `table` or `function`. */
  readonly kind: string
  /** With its schema and quoted, as statements take it. */
  readonly name: string
  /** Belongs to a table, and goes where the table goes. */
  readonly follows: boolean
  /** Its own schema; null where it has none. */
  readonly schema: string | null
}

/**
 * Without what goes with a session (temporary objects), and without default privileges and user
 * mappings, which hold nothing. Objects that all databases share are listed in each.
 * Source: PostgreSQL documentation, pg_shdepend, pg_identify_object.
 */
const OWNED = `
  SELECT i.type AS kind, i.identity AS name, i.schema,
         EXISTS (SELECT FROM pg_catalog.pg_depend d
                 WHERE s.classid = 'pg_class'::regclass AND d.classid = s.classid
                   AND d.objid = s.objid AND d.refclassid = s.classid
                   AND d.deptype IN ('a', 'i') AND i.type = 'sequence') AS follows
  FROM pg_catalog.pg_shdepend s
  CROSS JOIN LATERAL pg_catalog.pg_identify_object(s.classid, s.objid, s.objsubid) i
  WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1 AND s.deptype = 'o'
    AND s.classid NOT IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)
    AND s.dbid IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
    AND coalesce(i.schema, '') !~ '^pg_(toast_)?temp'
  ORDER BY i.type <> 'schema', i.type, i.identity`

/** What this role owns in this database. */
export async function ownedBy(link: Link, role: Role, call: Call): Promise<readonly Owned[]> {
  const operation = 'list what the user owns'
  return await link.query<Owned>({ sql: OWNED, values: [role.oid], operation }, call)
}

/** ALTER TABLE takes each of these. Source: PostgreSQL documentation, ALTER TABLE, "OWNER". */
const RELATIONS: ReadonlySet<string> = new Set([
  'table',
  'view',
  'materialized view',
  'sequence',
  'foreign table',
])

/**
 * Schemas first, because whoever is to own a table must be able to create one there; then each
 * relation by itself, because the lock that it needs ends everything else on it for that moment;
 * then whatever is left, at once.
 */
export const moveObjects: Phase = async (scene, call) => {
  const changes: Change[] = []
  for (const place of scene.places)
    changes.push(...inPlace(scene, place, await ownedBy(place.link, scene.user, call)))
  return changes
}

function inPlace(scene: Scene, place: Place, all: readonly Owned[]): readonly Change[] {
  const [user, owner] = [identifier(scene.user.name), identifier(scene.owner)]
  const owned = all.filter(({ follows }) => !follows)
  const move = ({ kind, name }: Owned, statement: string): Change => {
    return { phase: 'objects', place, what: { kind, name }, statements: [statement] }
  }
  const schemas = owned.filter(({ kind }) => kind === 'schema')
  const relations = owned.filter(({ kind }) => RELATIONS.has(kind))
  const others = owned.filter(({ kind }) => kind !== 'schema' && !RELATIONS.has(kind))
  return [
    ...schemas.map((one) => move(one, `ALTER SCHEMA ${one.name} OWNER TO ${owner}`)),
    ...relations.map((one) => move(one, `ALTER TABLE ${one.name} OWNER TO ${owner}`)),
    ...others.map((one) => move(one, `REASSIGN OWNED BY ${user} TO ${owner}`)),
  ]
}
