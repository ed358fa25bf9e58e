import type { Call } from '../../../ports/call.ts'
import type { OwnershipWish } from '../../../ports/ownership.ts'
import { referenceRole } from '../compare.ts'
import type { Link } from '../link.ts'
import { readRole } from '../role.ts'
import type { Role } from '../role.ts'
import { cutBytes } from '../sql.ts'
import type { Place, Scene } from './change.ts'
import { ownedBy } from './owned.ts'
import { serverVersion } from './owner-role.ts'

/** The admin's connection to the target's database, and how to reach the others of the server. */
export interface Server {
  readonly link: Link
  open(database: string, call: Call): Promise<Link>
}

/** What a scene is made from, and what to close afterwards. */
export interface OpenScene extends AsyncDisposable {
  readonly scene: Scene
  /** True when the user owns something, or may create something, and so needs an owner role. */
  readonly needsOwner: boolean
  /** The role that the user works as, in every database or in one. */
  readonly actsAs: readonly ActsAs[]
  /** Databases that hold something of the user and take no connections. */
  readonly closed: readonly string[]
}

/** A setting of `role`; `database` is null where it holds in all. */
export interface ActsAs {
  readonly role: string
  readonly database: string | null
}

const SUFFIX = '_owner'
const NAME_BYTES = 63

/** Databases with something that the user owns, or that is granted to it. */
const DATABASES = `
  SELECT d.datname AS database, d.datallowconn AS open FROM pg_catalog.pg_database d
  WHERE d.datname <> current_database() AND d.oid IN (
    SELECT s.dbid FROM pg_catalog.pg_shdepend s
    WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1)
  ORDER BY 1`

const ACTS_AS = `
  SELECT substr(entry, 6) AS role, d.datname AS database
  FROM pg_catalog.pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS entry
  LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
  WHERE s.setrole = $1 AND entry LIKE 'role=%' AND entry <> 'role=none' ORDER BY 2 NULLS FIRST`

const SELF = `
  SELECT current_database() AS database, current_user AS admin,
         EXISTS (SELECT FROM pg_catalog.pg_namespace n
                 WHERE n.nspname !~ '^pg_' AND has_schema_privilege($1::oid, n.oid, 'CREATE'))
         OR has_database_privilege($1::oid, current_database(), 'CREATE') AS creates`

/** Reads who is who. @throws ERR_DB_UNSUPPORTED when there is no such user */
export async function openScene(
  server: Server,
  wish: OwnershipWish,
  call: Call,
): Promise<OpenScene> {
  await using links = new AsyncDisposableStack()
  const { link } = server
  const user = await referenceRole(link, wish.username, call)
  const operation = 'read who is who'
  const ask = async <T extends object>(sql: string): Promise<readonly T[]> =>
    await link.query<T>({ sql, values: [user.oid], operation }, call)
  const [self] = await ask<{ database: string; admin: string; creates: boolean }>(SELF)
  const actsAs = await ask<ActsAs>(ACTS_AS)
  const everywhere = actsAs.find(({ database }) => database === null)?.role
  const owner = wish.owner ?? everywhere ?? defaultOwner(user)
  const others = await ask<{ database: string; open: boolean }>(DATABASES)
  const places: Place[] = [{ database: self?.database ?? '', link }]
  for (const { database } of others.filter(({ open }) => open))
    places.push({ database, link: links.use(await server.open(database, call)) })
  const scene: Scene = {
    places,
    user,
    owner,
    ownerRole: await readRole(link, owner, call),
    acts: everywhere === owner,
    admin: await referenceRole(link, self?.admin ?? '', call),
    version: await serverVersion(link, call),
  }
  const closed = others.filter(({ open }) => !open).map(({ database }) => database)
  const owns = closed.length > 0 || (await ownsAnything(scene, call))
  const creates = !scene.acts && (self?.creates === true || wish.owner !== undefined)
  const opened = links.move()
  return {
    ...{ scene, actsAs, closed, needsOwner: owns || creates },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

function defaultOwner({ name }: Role): string {
  return cutBytes(name, NAME_BYTES - SUFFIX.length) + SUFFIX
}

async function ownsAnything({ places, user }: Scene, call: Call): Promise<boolean> {
  for (const { link } of places) if ((await ownedBy(link, user, call)).length > 0) return true
  return false
}
