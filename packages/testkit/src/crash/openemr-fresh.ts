import { writeFile } from 'node:fs/promises'
import { quoteAccount } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import { sqlconfText } from '../openemr/world.ts'
import { NOTHING_BESIDES } from './arrange.ts'
import type { Arrange } from './arrange.ts'
import { current, read } from './documents.ts'

/**
 * Makes the world what a deployment leaves: stand-ins in the slot document, no user of a slot, and
 * the application runs as the admin.
 */
export const freshStack: Arrange = async ({ engine, secrets, consumers, confFile }) => {
  await consumers.stop()
  const documents = (await secrets.labelled()).map(read)
  const [admin] = current(documents, 'admin').credentials
  const { document } = current(documents, 'slots')
  if (admin === undefined) throw new Error('the admin has no credential')
  const { username, password } = admin
  const place = placeOf(document['A'])
  await writeFile(confFile, sqlconfText({ username, password, ...place, dbname: engine.dbname }))
  const slots = Object.entries(engine.slots).map(([slot, { username: user }]) => {
    const login = { username: user, password: 'placeholder' }
    return [slot, { ...Object(document[slot]), ...login }] as const
  })
  await secrets.put('slots', { team: 'crash', active_slot: 'A', ...Object.fromEntries(slots) })
  await using root = await engine.root()
  for (const { username: user } of Object.values(engine.slots))
    await root.ask(`DROP USER IF EXISTS ${quoteAccount({ user, host: '%' })}`)
  await consumers.start()
  return NOTHING_BESIDES
}

function placeOf(slot: unknown): { readonly host: string; readonly port: string } {
  const { host, port }: { readonly host?: unknown; readonly port?: unknown } = { ...Object(slot) }
  return { host: String(host), port: String(port) }
}
