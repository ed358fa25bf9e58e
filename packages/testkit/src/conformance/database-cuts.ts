import { describe, expect, test } from 'vitest'
import type { Credential } from '@cuedot/client/protocol'
import { startFaultProxy } from '../fault-proxy.ts'
import { codeOf, soon, within, writer } from './database-fixture.ts'
import type { Suite } from './database-fixture.ts'

/** Connections that end between a request and its answer. */
export function cutTests(get: () => Suite): void {
  describe('a connection that is cut', () => {
    changes(get)
    provisioning(get)
    ownPassword(get)
  })
}

function changes(get: () => Suite): void {
  test('after the statement was sent leaves the outcome unknown', async () => {
    const { db, at, admin, application, fixture, credential, canary } = get()
    await using proxy = await startFaultProxy(fixture.endpoint)
    const old = await application('cut-sent')
    const next = credential(old.username, canary())
    await using session = await admin({ db: at(proxy.port) })
    proxy.mode = 'dropReplies'
    const dropped = proxy.droppedReply()
    const outcome = codeOf(session.setPassword(next.username, next.password, soon()))
    await dropped
    proxy.cut()
    expect(await outcome).toBe('ERR_OUTCOME_UNKNOWN')
    expect(await codeOf(session.setPassword(next.username, next.password, soon()))).toBe(
      'ERR_DB_UNREACHABLE',
    )
    const answers = [
      await db.login(old, writer(db), soon()),
      await db.login(next, writer(db), soon()),
    ]
    expect(answers.toSorted()).toEqual(['accepted', 'denied'])
  })

  test('without a word ends the wait at the deadline, and the outcome is unknown', async () => {
    const { at, admin, application, fixture } = get()
    await using proxy = await startFaultProxy(fixture.endpoint)
    const user = await application('cut-silent')
    await using session = await admin({ db: at(proxy.port) })
    proxy.mode = 'blackhole'
    const outcome = codeOf(session.quarantine(user.username, true, within(200)))
    expect(await outcome).toBe('ERR_OUTCOME_UNKNOWN')
  })

  test('before anything was sent has certainly changed nothing', async () => {
    const { at, db, admin, application, fixture } = get()
    await using proxy = await startFaultProxy(fixture.endpoint)
    const user = await application('cut-before')
    await using session = await admin({ db: at(proxy.port) })
    const tooLate = { signal: AbortSignal.abort() }
    expect(await codeOf(session.quarantine(user.username, true, tooLate))).toBe(
      'ERR_DB_UNREACHABLE',
    )
    expect(await db.login(user, writer(db), soon())).toBe('accepted')
  })
}

function provisioning(get: () => Suite): void {
  test('at any point of provisioning leaves a user with which it can go on', async () => {
    const { at, admin, application, fixture } = get()
    const reference = (await application('cut-reference')).username
    const states = new Set<string>()
    for (let replies = 0, cut = true; cut; replies += 1 + Math.floor(replies / 4)) {
      const username = `cut after ${replies}`
      await using proxy = await startFaultProxy(fixture.endpoint)
      await using broken = await admin({ db: at(proxy.port) })
      const point = proxy.cutAfterReplies(replies)
      const code = await codeOf(broken.provision(reference, username, soon()))
      cut = point.happened
      expect(code).toBe(cut ? 'ERR_OUTCOME_UNKNOWN' : 'none')
      await using session = await admin()
      const left = await session.compareUsers(reference, username, soon())
      states.add(left.state)
      expect(['absent', 'partial', 'equal']).toContain(left.state)
      await session.provision(reference, username, soon())
      const compared = await session.compareUsers(reference, username, soon())
      expect(compared).toEqual({ state: 'equal', lacks: [] })
    }
    expect(states).toContain('absent')
    expect(states).toContain('equal')
  }, 60_000)
}

function ownPassword(get: () => Suite): void {
  test('at any point of a change of the own password leaves one that logs in', async () => {
    const { at, db, application, fixture, credential, canary } = get()
    const login = (user: Credential): Promise<string> => db.login(user, writer(db), soon())
    const seen = new Set<string>()
    let who = await application('cut-own')
    for (let replies = 0, cut = true; cut; replies += 1) {
      await using proxy = await startFaultProxy(fixture.endpoint)
      const next = credential(who.username, canary())
      const point = proxy.cutAfterReplies(replies)
      const code = await codeOf(at(proxy.port).changeOwnPassword(who, next.password, soon()))
      cut = point.happened
      const [old, fresh] = [await login(who), await login(next)]
      expect([old, fresh].toSorted()).toEqual(['accepted', 'denied'])
      const outcomes = fresh === 'accepted' ? CHANGED : UNCHANGED
      expect(outcomes).toContain(code)
      seen.add(code)
      if (fresh === 'accepted') who = next
    }
    expect([...seen]).toEqual(expect.arrayContaining(['ERR_DB_UNREACHABLE', 'none']))
  }, 60_000)
}

/** How a cut change may end that has happened, and one that has not. */
const CHANGED: readonly string[] = ['none', 'ERR_OUTCOME_UNKNOWN']
const UNCHANGED: readonly string[] = ['ERR_DB_UNREACHABLE', 'ERR_OUTCOME_UNKNOWN']
