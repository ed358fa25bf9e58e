import pg from 'pg'
import { quoteAccount } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import type { Prober } from './prober.ts'
import type { World } from './world.ts'

/** What a case asks besides the invariants when everything has healed. Disposed of after that. */
export interface Aftermath extends AsyncDisposable {
  /** What is wrong; empty when all is well. */
  broken(): Promise<readonly string[]>
}

/** What a case does before each run that is struck. */
export type Arrange = (world: World, prober: Prober) => Promise<Aftermath>

/** Nothing is asked besides. */
export const NOTHING_BESIDES: Aftermath = {
  broken: async () => [],
  [Symbol.asyncDispose]: async () => undefined,
}

/** Takes the standby user away, as whoever set up the database could. */
export const dropStandby: Arrange = async ({ engine }, prober) => {
  const username = await prober.standby()
  await using root = await engine.root()
  const account = quoteAccount({ user: username, host: '%' })
  const role = pg.escapeIdentifier(username)
  await root.ask(engine.engine === 'postgres' ? `DROP ROLE ${role}` : `DROP USER ${account}`)
  return NOTHING_BESIDES
}

/** Takes something from the standby user that the active one has. */
export const takeFromStandby: Arrange = async ({ engine }, prober) => {
  const username = await prober.standby()
  await using root = await engine.root()
  const account = quoteAccount({ user: username, host: '%' })
  const role = pg.escapeIdentifier(username)
  // What a role has granted is taken back in its name: the rig did so first, and then the admin.
  const by = pg.escapeIdentifier(engine.admin.username)
  const statements =
    engine.engine === 'postgres'
      ? [`REVOKE app_owner FROM ${role}`, `REVOKE app_owner FROM ${role} GRANTED BY ${by}`]
      : [`REVOKE DELETE ON ${engine.dbname}.* FROM ${account}`]
  for (const statement of statements) await root.ask(statement)
  return NOTHING_BESIDES
}
