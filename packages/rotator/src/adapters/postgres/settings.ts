import type { Call } from '../../ports/call.ts'
import type { Fact } from './fact.ts'
import type { Link } from './link.ts'
import type { Role } from './role.ts'
import { identifier, literal, qualified } from './sql.ts'

/** One row per setting: `{name=value}` entries of this role, for this database or for all. */
const SETTINGS = `
  SELECT entry, d.datname AS database
  FROM pg_catalog.pg_db_role_setting s
  CROSS JOIN LATERAL unnest(s.setconfig) AS entry
  LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
  WHERE s.setrole = $1 AND (s.setdatabase = 0 OR d.datname = current_database())
  ORDER BY 2 NULLS FIRST, 1`

interface Row {
  readonly entry: string
  readonly database: string | null
}

/** The settings that a session of this role starts with, such as `role`. */
export async function settingFacts(link: Link, role: Role, call: Call): Promise<Fact[]> {
  const operation = 'read settings of the role'
  const rows = await link.query<Row>({ sql: SETTINGS, values: [role.oid], operation }, call)
  return rows.map(settingFact)
}

function settingFact({ entry, database }: Row): Fact {
  const split = entry.indexOf('=')
  const name = entry.slice(0, split)
  const value = entry.slice(split + 1)
  const where = database === null ? '' : ` in database ${identifier(database)}`
  const scope = database === null ? '' : ` IN DATABASE ${identifier(database)}`
  return {
    line: `setting ${name} = ${literal(value).trim()}${where}`,
    give: (to) =>
      `ALTER ROLE ${to}${scope} SET ${qualified(name.split('.'))} TO ${written(name, value)}`,
  }
}

/**
 * These are stored as a list of quoted names; written back as one literal they would become one
 * name. Source: `variable_is_guc_list_quote` in src/bin/pg_dump/dumputils.c.
 */
const LISTS: ReadonlySet<string> = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
])

function written(name: string, value: string): string {
  if (!LISTS.has(name.toLowerCase())) return literal(value)
  const names = listed(value)
  return names.length === 0 ? "''" : names.map(literal).join(', ')
}

/** Splits `"$user", public` into its names. Quoted names may hold commas and doubled quotes. */
export function listed(value: string): readonly string[] {
  const names: string[] = []
  for (const [, quoted, bare] of value.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g))
    names.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'))
  return names
}
