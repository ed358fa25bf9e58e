import type { Call } from '../../ports/call.ts'
import type { Fact } from './fact.ts'
import type { Link } from './link.ts'
import { identifier, qualified } from './sql.ts'

type Source = readonly [kind: string, parts: string, from: string, acl: string]

const RELATION = 'pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace'
const TYPE = 'pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace'

/**
 * Every kind of object that GRANT knows: its word in GRANT, and where its ACL stands. `parts` is
 * the name in parts; a routine's name is written out by the server, with its argument types.
 * Source: PostgreSQL documentation, GRANT, and table "ACL Privilege Abbreviations".
 */
const SOURCES: readonly Source[] = [
  ['DATABASE', 'o.datname', 'pg_database o', 'datacl'],
  ['SCHEMA', 'o.nspname', 'pg_namespace o', 'nspacl'],
  ['TABLE', 'n.nspname, o.relname', `${RELATION} WHERE o.relkind <> 'S'`, 'relacl'],
  ['SEQUENCE', 'n.nspname, o.relname', `${RELATION} WHERE o.relkind = 'S'`, 'relacl'],
  ['ROUTINE', 'o.oid::regprocedure::text', 'pg_proc o', 'proacl'],
  ['TYPE', 'n.nspname, o.typname', TYPE, 'typacl'],
  ['LANGUAGE', 'o.lanname', 'pg_language o', 'lanacl'],
  ['FOREIGN DATA WRAPPER', 'o.fdwname', 'pg_foreign_data_wrapper o', 'fdwacl'],
  ['FOREIGN SERVER', 'o.srvname', 'pg_foreign_server o', 'srvacl'],
  ['TABLESPACE', 'o.spcname', 'pg_tablespace o', 'spcacl'],
  ['LARGE OBJECT', 'o.oid::text', 'pg_largeobject_metadata o', 'lomacl'],
]

/** Since PostgreSQL 15. */
const PARAMETERS: Source = ['PARAMETER', 'o.parname', 'pg_parameter_acl o', 'paracl']

const COLUMNS = `
  SELECT 'COLUMN' AS kind, ARRAY[n.nspname, o.relname, a.attname]::text[] AS parts,
         a.attacl AS acl
  FROM ${RELATION} JOIN pg_attribute a ON a.attrelid = o.oid
  WHERE NOT a.attisdropped`

const DEFAULTS = `
  SELECT 'DEFAULT ' || d.defaclobjtype::text, ARRAY[r.rolname, n.nspname]::text[], d.defaclacl
  FROM pg_default_acl d JOIN pg_roles r ON r.oid = d.defaclrole
  LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace`

function entries(version: number): string {
  const sources = version >= 150_000 ? [...SOURCES, PARAMETERS] : SOURCES
  const objects = sources.map(
    ([kind, parts, from, acl]) =>
      `SELECT '${kind}', ARRAY[${parts}]::text[], o.${acl} FROM ${from}`,
  )
  return `
    SELECT o.kind, o.parts, e.privilege_type AS privilege, e.is_grantable AS grantable
    FROM (${[COLUMNS, DEFAULTS, ...objects].join(' UNION ALL ')}) o
    CROSS JOIN LATERAL aclexplode(o.acl) e
    WHERE o.acl IS NOT NULL AND `
}

/**
 * `own`: granted to the role itself; what it has as the owner is no grant, and its ACL shows it as
 * granted by itself. `effective`: also to PUBLIC and to roles it inherits.
 */
const WHOSE = {
  own: 'e.grantee = $1 AND e.grantor <> $1',
  effective: `(e.grantee = 0 OR CASE WHEN e.grantee <> 0
     THEN pg_has_role($1::oid, e.grantee, 'USAGE') END)`,
}

interface Entry {
  readonly kind: string
  readonly parts: readonly (string | null)[]
  readonly privilege: string
  readonly grantable: boolean
}

/** What was granted on objects of this database, and on databases and tablespaces themselves. */
export async function aclFacts(
  link: Link,
  whose: { readonly oid: number; readonly grants: 'own' | 'effective' },
  call: Call,
): Promise<Fact[]> {
  const operation = 'read privileges'
  const asked = "SELECT current_setting('server_version_num')::int AS version"
  const [server] = await link.query<{ version: number }>({ sql: asked, operation }, call)
  const sql = `${entries(server?.version ?? 0)} ${WHOSE[whose.grants]} ORDER BY 1, 2, 3`
  const rows = await link.query<Entry>({ sql, values: [whose.oid], operation }, call)
  return rows.flatMap(entryFacts)
}

function entryFacts(entry: Entry): Fact[] {
  const { privilege, grantable } = entry
  if (!/^[A-Z ]+$/.test(privilege)) throw new TypeError('a privilege is made of capital letters')
  const { line, grant } = entry.kind.startsWith('DEFAULT ') ? byDefault(entry) : onObject(entry)
  const facts: Fact[] = [{ line, give: grant }]
  if (grantable)
    facts.push({
      line: `${line} with grant option`,
      give: (to) => `${grant(to)} WITH GRANT OPTION`,
    })
  return facts
}

interface Grant {
  readonly line: string
  readonly grant: (to: string) => string
}

function onObject({ kind, parts, privilege }: Entry): Grant {
  const names = parts.map((part) => part ?? '')
  if (kind === 'COLUMN') {
    const table = qualified(names.slice(0, 2))
    const column = identifier(names[2] ?? '')
    return {
      line: `${privilege} on column ${column} of table ${table}`,
      grant: (to) => `GRANT ${privilege} (${column}) ON TABLE ${table} TO ${to}`,
    }
  }
  const name = objectName(kind, names)
  return {
    line: `${privilege} on ${kind.toLowerCase()} ${name}`,
    grant: (to) => `GRANT ${privilege} ON ${kind} ${name} TO ${to}`,
  }
}

/** Routines and large objects are named by the server; dots part the name of a parameter. */
function objectName(kind: string, names: readonly string[]): string {
  const [first = ''] = names
  if (kind === 'ROUTINE' || kind === 'LARGE OBJECT') return first
  return qualified(kind === 'PARAMETER' ? first.split('.') : names)
}

/** `pg_default_acl.defaclobjtype` and its word in ALTER DEFAULT PRIVILEGES. */
const DEFAULT_KINDS: Readonly<Record<string, string>> = {
  r: 'TABLES',
  S: 'SEQUENCES',
  f: 'ROUTINES',
  T: 'TYPES',
  n: 'SCHEMAS',
  L: 'LARGE OBJECTS',
}

function byDefault({ kind, parts, privilege }: Entry): Grant {
  const [owner, schema] = parts
  const objects = DEFAULT_KINDS[kind.slice(-1)] ?? ''
  const role = identifier(owner ?? '')
  const within = schema === null || schema === undefined ? '' : identifier(schema)
  const what = `${privilege} on ${objects.toLowerCase()} that role ${role} will create`
  return {
    line: within === '' ? what : `${what} in schema ${within}`,
    grant: (to) =>
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${role}${within === '' ? '' : ` IN SCHEMA ${within}`} ` +
      `GRANT ${privilege} ON ${objects} TO ${to}`,
  }
}
