import pg from 'pg'
import { flat } from '../rig/rig.ts'
import type { RigEngine } from '../rig/engine.ts'
import type { Arrange } from './arrange.ts'
import { activeOf, read } from './documents.ts'

/**
 * Makes the world what it was before anybody adopted anything: the secret is a flat document, and
 * the running user owns what it uses. Its password stays: neither this nor an adoption changes it.
 */
export const unadopt: Arrange = async ({ engine, secrets, consumers }) => {
  // Whoever works as the owner role could not go on as a role that is not there.
  await consumers.stop()
  if (engine.engine === 'postgres') await giveBack(engine)
  await secrets.put('slots', { ...flat(engine.slots.A), team: 'crash' })
  await consumers.start()
  return {
    async broken() {
      const active = activeOf((await secrets.labelled()).map(read))
      const { username, password } = engine.slots.A
      const kept = active?.username === username && active.password === password.reveal()
      return kept ? [] : ['the secret has another credential than the running one']
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** The roles that owned the things: the first of the rig, the second of an adoption. */
const OWNERS = ['app_owner', 'app_a_owner']

async function giveBack({ slots, admin, root }: RigEngine): Promise<void> {
  const user = pg.escapeIdentifier(slots.A.username)
  const by = pg.escapeIdentifier(admin.username)
  await using session = await root()
  const known = await session.ask("SELECT rolname FROM pg_roles WHERE rolname LIKE '%\\_owner'")
  const owners = known.map(String).filter((role) => OWNERS.includes(role))
  const statements = [
    `ALTER ROLE ${user} RESET role`,
    `GRANT ALL ON SCHEMA public TO ${user}`,
    // What the admin has granted to the owner role goes with it.
    `REVOKE ALL ON SCHEMA public FROM ${by} CASCADE`,
    `GRANT ALL ON SCHEMA public TO ${by} WITH GRANT OPTION`,
    ...owners.flatMap((role) => [
      `REASSIGN OWNED BY ${role} TO ${user}`,
      `DROP OWNED BY ${role}`,
      `DROP ROLE ${role}`,
    ]),
    // Something for each phase: a view beside the table, and what is granted by default.
    `CREATE OR REPLACE VIEW seen AS SELECT count(*) FROM visit`,
    `ALTER VIEW seen OWNER TO ${user}`,
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${user} GRANT SELECT ON TABLES TO pg_read_all_data`,
  ]
  for (const statement of statements) await session.ask(statement)
}
