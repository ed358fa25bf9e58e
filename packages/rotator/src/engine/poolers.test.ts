// Goal: a password is proven through poolers before consumers use it, and never for another reason,
// since a pooler may keep the session that a login has opened. Method: real engine, simulated world
// with a pooler in front that answers as the test says.
import { expect, test } from 'vitest'
import { arrange, expectEverybodyLogsIn } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { USERNAMES } from '../../../testkit/src/sim/names.ts'
import { RotatorError } from '../errors.ts'
import type { LoginAnswer } from '../ports/database.ts'
import type { Target } from '../ports/target.ts'
import { run } from './run.ts'

const POOLER = 'pooler.example:6432'

/** The target with a pooler, and who has logged in through it. */
function pooled(
  target: Target,
  answer: () => Promise<LoginAnswer>,
): { readonly target: Target; readonly asked: readonly string[] } {
  const asked: string[] = []
  const { database } = target
  const login: typeof database.login = async (credential, endpoint, call) => {
    if (endpoint !== POOLER) return await database.login(credential, endpoint, call)
    asked.push(credential.username)
    return await answer()
  }
  return { target: { ...target, database: { ...database, poolers: [POOLER], login } }, asked }
}

const unreachable = async (): Promise<LoginAnswer> => {
  throw new RotatorError('ERR_DB_UNREACHABLE', { endpoint: POOLER, reason: 'refused' })
}

test('a pooler is asked once in a rotation, as the user that becomes active', async () => {
  const { world, target } = arrange()
  const through = pooled(target, async () => 'accepted')
  const result = await run(through.target, 'rotate', simEnvironment(world))
  expect(result).toMatchObject({ outcome: 'rotated', activeSlot: 'B' })
  expect(through.asked).toEqual([USERNAMES.B])
})

test.each([
  ['says no', async (): Promise<LoginAnswer> => 'denied'],
  ['refuses without a reason', unreachable],
])('I3 a rotation turns back before the flip where a pooler %s', async (_how, answer) => {
  const { world, target } = arrange()
  const through = pooled(target, answer)
  const result = await run(through.target, 'rotate', simEnvironment(world))
  expect(result).toMatchObject({ outcome: 'backed-out', code: 'ERR_POOLER', activeSlot: 'A' })
  expect(result.actions.map(({ step }) => step)).not.toContain('flip')
  expect(new Set(through.asked)).toEqual(new Set([USERNAMES.B]))
  expectEverybodyLogsIn(world)
})

test('a pooler that comes to know the password in a moment is waited for', async () => {
  const { world, target } = arrange()
  const answers = [unreachable, unreachable]
  const through = pooled(target, () => answers.pop()?.() ?? Promise.resolve('accepted'))
  const result = await run(through.target, 'rotate', simEnvironment(world))
  expect(result).toMatchObject({ outcome: 'rotated', activeSlot: 'B' })
  expect(through.asked).toHaveLength(3)
})

test('I3 a run that finds the password set asks the pooler before it flips', async () => {
  const { world, target } = arrange()
  const denied = async (): Promise<never> => {
    throw new RotatorError('ERR_STORE_DENIED', { secret: 'slots', operation: 'promote' })
  }
  const stuck = { ...target, store: { ...target.store, promote: denied } }
  const first = await run(stuck, 'rotate', simEnvironment(world))
  expect(first).toMatchObject({ outcome: 'stopped', code: 'ERR_STORE_DENIED' })
  const refusing = pooled(target, unreachable)
  const second = await run(refusing.target, 'rotate', simEnvironment(world))
  expect(second).toMatchObject({ outcome: 'backed-out', code: 'ERR_POOLER', activeSlot: 'A' })
  expectEverybodyLogsIn(world)
})
