import { Sensitive } from '@cuedot/client/protocol'
import pg from 'pg'
import { quoteAccount } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import type { ConsumerConnection, RigEngine } from '../rig/engine.ts'
import type { Arrange } from './arrange.ts'
import { read } from './documents.ts'
import type { Plain } from './documents.ts'

/**
 * Somebody has read every secret and has a session open with each credential. What an emergency is
 * for: when it has ended, whatever struck it, no leaked credential logs in and nobody is left who
 * came in with one.
 */
export const leakAll: Arrange = async ({ engine, secrets }) => {
  const documents = (await secrets.labelled()).map(read)
  const found = documents
    .filter(({ label }) => label !== 'AWSPREVIOUS')
    .flatMap(({ credentials }) => credentials)
  const leaked = [
    ...new Map(found.map((one) => [`${one.username}\n${one.password}`, one])).values(),
  ]
  await letAdminWork(engine)
  const intruders = await Promise.all(
    leaked.map(async (one) => ({ ...one, connection: await connect(engine, one) })),
  )
  return {
    async broken() {
      const problems: string[] = []
      for (const one of leaked)
        if (await accepts(engine, one)) problems.push(`a leaked password of ${one.username} works`)
      for (const { username, connection } of intruders)
        if (await works(connection)) problems.push(`an intruder is still there as ${username}`)
      return problems
    },
    async [Symbol.asyncDispose]() {
      // One that was sent away cannot say goodbye.
      for (const { connection } of intruders) await connection.close().catch(() => undefined)
    },
  }
}

/** What intruders do to show that they are there; it is no right that slots are compared by. */
async function letAdminWork({ engine, dbname, admin, root }: RigEngine): Promise<void> {
  await using session = await root()
  const [table, who] =
    engine === 'postgres'
      ? ['visit', pg.escapeIdentifier(admin.username)]
      : [`${dbname}.visit`, quoteAccount({ user: admin.username, host: '%' })]
  await session.ask(`GRANT INSERT ON ${table} TO ${who}`)
}

async function connect(
  engine: RigEngine,
  { username, password }: Plain,
): Promise<ConsumerConnection> {
  return await engine.connect({ username, password: new Sensitive(password, 'leaked password') })
}

async function accepts(engine: RigEngine, login: Plain): Promise<boolean> {
  const connection = await connect(engine, login).catch(() => undefined)
  await connection?.close()
  return connection !== undefined
}

async function works(connection: ConsumerConnection): Promise<boolean> {
  return await connection.work().then(
    () => true,
    () => false,
  )
}
