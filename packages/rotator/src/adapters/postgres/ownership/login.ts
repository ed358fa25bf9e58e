import type { Call } from '../../../ports/call.ts'
import { listed } from '../settings.ts'
import { identifier, literal } from '../sql.ts'
import type { Change, Phase, Place, Scene } from './change.ts'

/**
 * The search path with which a session of the user starts in this database: the setting that is
 * nearest to it, as the server looks them up; and whether a schema has the user's name.
 * Source: PostgreSQL documentation, pg_db_role_setting, ALTER ROLE.
 */
const PATH = `
  SELECT coalesce((
    SELECT substr(entry, 13) FROM pg_catalog.pg_db_role_setting s
    CROSS JOIN LATERAL unnest(s.setconfig) AS entry
    WHERE entry LIKE 'search\\_path=%' AND s.setrole IN (0, $1)
      AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database
                                WHERE datname = current_database()))
    ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1
  ), (SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'search_path')) AS path,
  EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $2) AS named`

/**
 * Whoever logs in as the user works as the owner role from then on. `$user` in a search path means
 * the role that one works as, so where a schema has the user's name, it is written out before.
 * Source: PostgreSQL documentation, search_path; test "a schema with the name of the user is found
 * by who works as the owner role".
 */
export const changeLogin: Phase = async (scene, call) => {
  if (scene.acts) return []
  const changes: Change[] = []
  for (const place of scene.places) changes.push(...(await keepPath(scene, place, call)))
  const [place] = scene.places
  if (place === undefined) return changes
  const [user, owner] = [scene.user.name, scene.owner]
  return [
    ...changes,
    {
      phase: 'login',
      place,
      what: `whoever logs in as role "${user}" from then on works as role "${owner}"`,
      statements: [`ALTER ROLE ${identifier(user)} SET role TO ${literal(owner)}`],
    },
  ]
}

async function keepPath({ user }: Scene, place: Place, call: Call): Promise<readonly Change[]> {
  const operation = 'read the search path of the user'
  const values = [user.oid, user.name]
  const statement = { sql: PATH, values, operation }
  const [row] = await place.link.query<{ path: string; named: boolean }>(statement, call)
  const names = listed(row?.path ?? '')
  if (row?.named !== true || !names.includes('$user')) return []
  const written = names.map((name) => (name === '$user' ? user.name : name)).map(literal)
  const database = identifier(place.database)
  return [
    {
      phase: 'login',
      place,
      what:
        `role "${user.name}" has its own schema by name in its search_path ` +
        `in database ${database}`,
      statements: [
        `ALTER ROLE ${identifier(user.name)} IN DATABASE ${database} ` +
          `SET search_path TO ${written.join(', ')}`,
      ],
    },
  ]
}
