import { describe, expect, test } from 'vitest'
import { arrange, expectEverybodyLogsIn } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { USERNAMES } from '../../../testkit/src/sim/names.ts'
import type { World } from '../../../testkit/src/sim/world.ts'
import type { Database } from '../ports/database.ts'
import type { Target } from '../ports/target.ts'
import type { RunResult } from './result.ts'
import { run } from './run.ts'

async function rotated(world: World, target: Target): Promise<RunResult> {
  return await run(target, 'rotate', simEnvironment(world))
}

function stepsOf({ actions }: RunResult): readonly string[] {
  return actions.map(({ step }) => step)
}

/** The target, and what its database has answered to logins. */
function listening(target: Target): { readonly target: Target; readonly answers: string[] } {
  const answers: string[] = []
  const login: Database['login'] = async (...args) => {
    const answer = await target.database.login(...args)
    answers.push(answer)
    return answer
  }
  return { target: { ...target, database: { ...target.database, login } }, answers }
}

describe('a rotation of two passwords of one user', () => {
  test('leaves one password and the flat document with it', async () => {
    const { world, target } = arrange({ dualPassword: true })
    expect((await rotated(world, target)).outcome).toBe('rotated')
    const document = world.store.document(world.store.truth.current)
    const user = world.users.get(USERNAMES.both)
    expect(user).toMatchObject({ password: document?.password, second: undefined })
    expect(user?.password).not.toBe('a0-password')
    expect(document).not.toHaveProperty('other_password')
    expectEverybodyLogsIn(world)
  })

  test('tries no login that is refused, since a refusal counts against the account', async () => {
    const { world, target } = arrange({ dualPassword: true, replicaLagMs: 900 })
    const heard = listening(target)
    expect((await rotated(world, heard.target)).outcome).toBe('rotated')
    expect(new Set(heard.answers)).toEqual(new Set(['accepted']))
  })

  test('drains and ends a second password that nobody knows before it makes one', async () => {
    const { world, target } = arrange({ dualPassword: true })
    world.setPasswords(USERNAMES.both, 'a0-password', 'x0-password')
    const result = await rotated(world, target)
    const steps = stepsOf(result)
    expect(result.outcome).toBe('rotated')
    expect(steps[0]).toBe('reconcile')
    expect(steps.indexOf('drain')).toBeLessThan(steps.indexOf('retire'))
    expect(steps.indexOf('retire')).toBeLessThan(steps.indexOf('open'))
  })

  test('is stopped by a session that does not say which password it has used', async () => {
    const { world, target } = arrange({ dualPassword: true })
    const held = { username: USERNAMES.both, password: 'a0-password' }
    world.fleet.stragglers = [{ held, until: 9e15 }]
    const { outcome, code, state } = await rotated(world, target)
    expect({ outcome, code }).toEqual({ outcome: 'stopped', code: 'ERR_STRAGGLERS' })
    expect(state).toContain('Logging in now: A and B')
    expect(world.accepts(held)).toBe(true)
  })
})

describe('a rehearsal', () => {
  test.each([[false], [true]])(
    'changes nothing that anybody uses, dual %s',
    async (dualPassword) => {
      const { world, target } = arrange({ dualPassword })
      const before = [...world.configs.entries()]
      const { outcome, actions } = await run(target, 'rehearse', simEnvironment(world))
      expect(outcome).toBe('rehearsed')
      expect(actions.map(({ step }) => step)).toEqual(['rehearse', 'set', 'undo', 'close'])
      expect([...world.configs.entries()]).toEqual(before)
      expectEverybodyLogsIn(world)
    },
  )

  test('is refused while a rotation is open', async () => {
    const { world, target } = arrange()
    world.fleet.stragglers = [
      { held: { username: USERNAMES.A, password: 'a0-password' }, until: 9e15 },
    ]
    expect((await rotated(world, target)).outcome).toBe('stopped')
    const { outcome, code } = await run(target, 'rehearse', simEnvironment(world))
    expect({ outcome, code }).toEqual({ outcome: 'refused', code: 'ROTATION_OPEN' })
  })
})
