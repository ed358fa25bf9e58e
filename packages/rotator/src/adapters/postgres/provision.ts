import { RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import { lackingFacts, referenceRole } from './compare.ts'
import type { Pair } from './compare.ts'
import type { Fact } from './fact.ts'
import type { Link } from './link.ts'
import { LOCK_MS } from './patience.ts'
import { readRole } from './role.ts'
import { identifier } from './sql.ts'

/**
 * Makes a role able to do what the reference can, in one transaction: all of it or nothing. A new
 * role is NOLOGIN and has no password.
 * @throws ERR_DB_UNSUPPORTED when the reference has something that cannot be given to another;
 *   ERR_DB_DENIED when the admin may not give something; ERR_DB_BUSY when somebody holds a table
 *   whose policy must name the role
 */
export async function provision(link: Link, pair: Pair, call: Call): Promise<void> {
  await inTransaction(link, call, async () => {
    await referenceRole(link, pair.reference, call)
    if (!(await readRole(link, pair.username, call))) {
      await run(link, `CREATE ROLE ${identifier(pair.username)} NOLOGIN`, call)
      await joinAsReference(link, pair, call)
    }
    await giveLacking(link, pair, call)
  })
}

/** Whether the admin has the privileges of the one and not those of the other. */
const JOINS = `
  SELECT pg_has_role(current_user, $1, 'USAGE') AND NOT pg_has_role(current_user, $2, 'USAGE')
         AS joins`

/**
 * As a member of the reference the admin may end its sessions, and so it must be with a role that
 * takes turns with it. Who makes a role is no member of it.
 * Source: PostgreSQL documentation, pg_terminate_backend; CREATE ROLE, `createrole_self_grant`.
 */
async function joinAsReference(link: Link, pair: Pair, call: Call): Promise<void> {
  const operation = 'read whose privileges the admin has'
  const values = [pair.reference, pair.username]
  const [found] = await link.query<{ joins: boolean }>({ sql: JOINS, values, operation }, call)
  if (found?.joins === true)
    await run(link, `GRANT ${identifier(pair.username)} TO CURRENT_USER`, call)
}

/**
 * Gives a role that is there what it lacks, in one transaction, and takes nothing away.
 * @throws ERR_DB_UNSUPPORTED when either role is missing, and as {@link provision}
 */
export async function grantMissing(link: Link, pair: Pair, call: Call): Promise<void> {
  await inTransaction(link, call, () => giveLacking(link, pair, call))
}

async function inTransaction(link: Link, call: Call, work: () => Promise<void>): Promise<void> {
  await run(link, 'BEGIN', call)
  try {
    await run(link, `SET LOCAL lock_timeout = ${LOCK_MS}`, call)
    await work()
    await run(link, 'COMMIT', call)
  } catch (error) {
    if (!link.dead) await run(link, 'ROLLBACK', call).catch(() => link.destroy())
    throw error
  }
}

async function giveLacking(link: Link, pair: Pair, call: Call): Promise<void> {
  const reference = await referenceRole(link, pair.reference, call)
  const lacking = async (): Promise<readonly Fact[]> => {
    const role = await referenceRole(link, pair.username, call)
    return await lackingFacts(link, { reference, role }, call)
  }
  const name = identifier(pair.username)
  const facts = await lacking()
  refuseWhatCannotBeGiven(link, pair, facts)
  for (const { give, line } of facts) if (give) await run(link, give(name), call, `give ${line}`)
  const [left] = await lacking()
  if (left) throw notGiven(link, left)
}

function refuseWhatCannotBeGiven(link: Link, pair: Pair, facts: readonly Fact[]): void {
  const stuck = facts.filter(({ give }) => give === undefined).map(({ line }) => line)
  if (stuck.length === 0) return
  const owns = stuck.some((line) => line.startsWith('ownership '))
  const advice = owns
    ? '; give these to a NOLOGIN owner role that has both users as members (REASSIGN OWNED BY)'
    : ''
  const problem = `role "${pair.reference}" has what cannot be copied: ${stuck.join(', ')}${advice}`
  throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: link.endpoint, problem })
}

/**
 * GRANT by a role without the grant option is a warning where it holds some other privilege on the
 * object. Source: PostgreSQL documentation, GRANT, "Notes".
 */
function notGiven(link: Link, { line }: Fact): RotatorError {
  const details = { endpoint: link.endpoint, username: link.username, operation: `give ${line}` }
  return new RotatorError('ERR_DB_DENIED', details)
}

async function run(
  link: Link,
  sql: string,
  call: Call,
  operation: string = 'provision the user',
): Promise<void> {
  await link.query({ sql, operation }, call)
}
