import { describe, expect, test } from 'vitest'
import { arrange } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { USERNAMES } from '../../../testkit/src/sim/names.ts'
import type { World } from '../../../testkit/src/sim/world.ts'
import type { EventPayload } from '../domain/events.ts'
import { Desk } from '../engine/desk.ts'
import { run } from '../engine/run.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { Target } from '../ports/target.ts'
import { quarantine } from './quarantine.ts'

const LOCK_B = { step: 'quarantine', slot: 'B', why: 'a test' } as const

/** Locks slot B, on which nobody is, and watches it for two virtual seconds. */
async function watched(
  change: (target: Target, world: World) => Target,
): Promise<{ readonly locked: boolean | undefined; readonly seen: boolean; error?: unknown }> {
  const { world, target } = arrange({ quarantine: true })
  const desk = new Desk(change(target, world), simEnvironment(world), 'take')
  await desk.load()
  const outcome = await quarantine.apply(LOCK_B, desk).then(
    () => ({}),
    (error: unknown) => ({ error }),
  )
  await desk.sessions.drop()
  const locked = world.users.get(USERNAMES.B)?.locked
  return { locked, seen: desk.evidence.quarantined.has('B'), ...outcome }
}

/** The admin session, with a counter of refused logins that goes up at the second look. */
function counting(target: Target): Target {
  let looks = 0
  const admin: Target['database']['admin'] = async (...args) => {
    const session = await target.database.admin(...args)
    const lockedLogins = async (): Promise<number> => (looks++ < 2 ? 7 : 9)
    return Object.assign(Object.create(session), { lockedLogins })
  }
  return { ...target, database: { ...target.database, admin } }
}

/** The target's runtime, whose page answers as the letters say, `b` for bad. */
function answering(target: Target, answers: string): Target {
  let asked = 0
  const health: NonNullable<Runtime['health']> = async () => {
    const well = answers[asked++ % answers.length] !== 'b'
    return { well, why: well ? 'status 200' : 'status 500' }
  }
  return { ...target, runtimes: target.runtimes.map((runtime) => ({ ...runtime, health })) }
}

describe('a quarantine', () => {
  test('keeps the account locked when nobody misses it', async () => {
    const { locked, seen, error } = await watched((target) => answering(target, 'g'))
    expect({ locked, seen, error }).toEqual({ locked: true, seen: true, error: undefined })
  })

  test('gives the account back to whoever is refused', async () => {
    const { locked, seen, error } = await watched(counting)
    expect({ locked, seen }).toEqual({ locked: false, seen: false })
    expect(error).toMatchObject({
      code: 'ERR_QUARANTINE_MISSED',
      details: { missed: '2 refused logins to a locked account' },
    })
  })

  test('gives the account back when a session is seen', async () => {
    const { locked, error } = await watched((target, world) => {
      const held = { username: USERNAMES.B, password: 'b0-password' }
      world.fleet.stragglers = [{ held, until: 9e15 }]
      return target
    })
    expect(locked).toBe(false)
    expect(error).toMatchObject({ details: { missed: expect.stringContaining('10.0.0.7') } })
  })

  test('gives the account back when consumers are not well twice in a row', async () => {
    const { locked, error } = await watched((target) => answering(target, 'gbb'))
    expect(locked).toBe(false)
    expect(error).toMatchObject({ details: { missed: 'web is not well: status 500' } })
  })

  test('does not end for one bad answer', async () => {
    const { locked, seen } = await watched((target) => answering(target, 'gb'))
    expect({ locked, seen }).toEqual({ locked: true, seen: true })
  })

  test('that was interrupted is seen by a run that turns back, and undone', async () => {
    const { world, target } = arrange({ quarantine: true })
    const stop = new AbortController()
    const emit = (event: EventPayload): void => {
      if (event.code === 'STEP_WAITING' && event.step === 'quarantine') stop.abort('SIGINT')
    }
    const interrupted = { ...simEnvironment(world, stop.signal), events: { emit } }
    expect((await run(target, 'rotate', interrupted)).outcome).toBe('stopped')
    expect(world.users.get(USERNAMES.A)?.locked).toBe(true)
    const { outcome, actions } = await run(target, 'back-out', simEnvironment(world))
    expect(outcome).toBe('backed-out')
    expect(actions[0]).toMatchObject({ step: 'release', slot: 'A' })
    expect(world.users.get(USERNAMES.A)?.locked).toBe(false)
  })
})
