import type { Credential } from '@cuedot/client/protocol'
import { OWNERSHIP_PHASES } from '../../domain/adoption.ts'
import type { FourStepEffect } from '../../domain/four-steps.ts'
import type { Looking, SeenDatabase } from './acceptance.ts'
import type { SeenSecret } from './secret-facts.ts'

/** What an effect on the database works with. */
interface Change {
  readonly seen: SeenSecret
  readonly database: SeenDatabase | undefined
  readonly looking: Looking
}

/** Every one is absolute: carried out twice it leaves the same. */
export async function changeDatabase(effect: FourStepEffect, change: Change): Promise<void> {
  const { seen, database, looking } = change
  const { servers, call } = looking
  const { username } = seen.document.current
  switch (effect) {
    case 'own': {
      const due = database?.facts.due ?? []
      const phase = OWNERSHIP_PHASES.find((one) => due.includes(one))
      if (phase === undefined) throw new Error('nothing is to be moved')
      const wish = { username, owner: database?.owner ?? '' }
      await (await servers.session(seen)).moveOwnership(wish, phase, call())
      return
    }
    case 'lock':
      await (await servers.session(seen)).quarantine(seen.nextUsername, true, call())
      return
    case 'provision':
      await (await servers.session(seen)).provision(username, seen.nextUsername, call())
      return
    case 'grant':
      await (await servers.session(seen)).grantMissing(username, seen.nextUsername, call())
      return
    case 'set':
      await setPassword(change)
      return
    case 'put-back':
      await changeOwn(change, stagedOf(seen), seen.document.current)
      return
    default:
      throw new Error(`${effect} is no effect on the database`)
  }
}

async function setPassword(change: Change): Promise<void> {
  const { seen, database, looking } = change
  const { servers, call } = looking
  const { password } = stagedOf(seen)
  switch (seen.strategy) {
    case 'alternating':
      await (await servers.session(seen)).setPassword(seen.nextUsername, password, call())
      return
    case 'dual-password': {
      const kept = seen.document.current.password
      const session = await servers.session(seen)
      await session.setPasswords(seen.nextUsername, { kept, added: password }, call())
      return
    }
    case 'single-user':
      if (!database?.own) throw new Error('without a login that works no password is changed')
      await changeOwn(change, database.own, stagedOf(seen))
  }
}

async function changeOwn(
  { seen, looking: { servers, call } }: Change,
  as: Credential,
  { password }: Credential,
): Promise<void> {
  await (await servers.database(seen)).changeOwnPassword(as, password, call())
}

function stagedOf({ staged }: SeenSecret): Credential {
  if (!staged) throw new Error('I2: no password may be set that is not staged')
  return staged
}
