// Goal: where acting could hurt somebody nothing is done, and the person with the pager is told
// what was found and what to do. Method: real engine, a simulated world in each such state.
import { describe, expect, test } from 'vitest'
import { arrange, expectEverybodyLogsIn } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { USERNAMES } from '../../../testkit/src/sim/names.ts'
import { slotDocument } from '../../../testkit/src/sim/world.ts'
import type { WorldOptions } from '../../../testkit/src/sim/names.ts'
import type { World } from '../../../testkit/src/sim/world.ts'
import type { RotationEvent } from '../domain/events.ts'
import type { Intent } from '../domain/plan.ts'
import { run } from './run.ts'

describe('a refused run', () => {
  interface Refusal {
    readonly code: string
    readonly intent?: Intent
    readonly options?: WorldOptions
    readonly arrange: (world: World) => void
  }

  const refusals: readonly Refusal[] = [
    {
      code: 'PLACEHOLDER',
      arrange: (world) => world.store.overwrite(slotDocument('placeholder', 'b0-password')),
    },
    {
      code: 'CONSUMER_UNKNOWN',
      arrange: (world) => {
        world.addUser('stranger', 'stranger-password')
        world.setConfig('job.json', { username: 'stranger', password: 'stranger-password' })
      },
    },
    {
      code: 'PRIVILEGES_DIFFER',
      arrange: (world) => {
        const user = world.users.get(USERNAMES.B)
        if (user) user.equal = false
      },
    },
    {
      code: 'STANDBY_IN_USE',
      arrange: (world) => {
        const held = { username: USERNAMES.B, password: 'b0-password' }
        world.fleet.stragglers = [...world.fleet.stragglers, { held, until: 9e15 }]
      },
    },
    {
      code: 'PENDING_FOREIGN',
      arrange: (world) => world.store.stage('{"username":"by a rotation function"}', 'foreign'),
    },
    {
      code: 'ACTIVE_DENIED',
      arrange: (world) => world.setPassword(USERNAMES.A, 'set by hand'),
    },
    {
      code: 'DOCUMENT_INCONSISTENT',
      arrange: (world) => {
        const rotation = { id: 'x', from: 'A', to: 'B', reason: '', by: '', opened_at: '' }
        const document = JSON.parse(slotDocument('a0-password', 'b0-password')) as object
        world.store.overwrite(JSON.stringify({ ...document, rotation }))
      },
    },
    { code: 'ADMIN_LOST', arrange: (world) => world.setPassword(USERNAMES.admin, 'set by hand') },
    {
      code: 'ADMIN_IN_USE',
      options: { singleUser: true },
      arrange: (world) => {
        const held = { username: USERNAMES.admin, password: 'c0-password' }
        world.fleet.stragglers = [...world.fleet.stragglers, { held, until: 9e15 }]
      },
    },
  ]

  test.each(refusals)('answers $code, says what to do and changes nothing', async (refusal) => {
    const { world, target } = arrange(refusal.options)
    refusal.arrange(world)
    world.checker.exemptWhatIsBroken()
    const before = world.changes
    const result = await run(target, refusal.intent ?? 'rotate', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'refused', code: refusal.code, actions: [] })
    expect(result.what).toContain(refusal.code)
    expect(result.todo.length).toBeGreaterThan(20)
    expect(world.changes).toBe(before)
    expect(world.checker.broken).toEqual([])
  })

  test('is impossible to back out once the old password is gone', async () => {
    const { world, target } = arrange()
    const stop = new AbortController()
    const events = {
      emit: (event: RotationEvent): void => {
        if (event.code === 'STEP_APPLIED' && event.step === 'retire') stop.abort('SIGTERM')
      },
    }
    await run(target, 'rotate', { ...simEnvironment(world, stop.signal), events })
    const result = await run(target, 'back-out', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'refused', code: 'BACK_OUT_IMPOSSIBLE' })
    const finished = await run(target, 'converge', simEnvironment(world))
    expect(finished.outcome).toBe('rotated')
    expectEverybodyLogsIn(world)
  })

  const unreadable = [
    ['no JSON', 'ERR_DOCUMENT_NOT_JSON', 'half a docum'],
    ['an empty text', 'ERR_DOCUMENT_NOT_JSON', ''],
    ['a list', 'ERR_DOCUMENT_NOT_JSON', '[1]'],
    [
      'a document without slot B',
      'ERR_DOCUMENT_SHAPE',
      '{"active_slot":"A","A":{"username":"x","password":"y","host":"h"}}',
    ],
    [
      'a document without active_slot',
      'ERR_DOCUMENT_SHAPE',
      slotDocument('a', 'b').replace('"active_slot":"A",', ''),
    ],
    ['an empty slot', 'ERR_DOCUMENT_SHAPE', '{"active_slot":"A","A":{},"B":{}}'],
    [
      'identical slots',
      'ERR_DOCUMENT_SLOTS_IDENTICAL',
      slotDocument('a', 'b').replace('app_b', 'app_a'),
    ],
    [
      'a slot that is the admin',
      'ERR_DOCUMENT_SLOT_IS_ADMIN',
      slotDocument('a', 'b').replace('app_b', USERNAMES.admin),
    ],
  ] as const

  test.each(unreadable)('fails on %s with %s', async (_, code, text) => {
    const { world, target } = arrange()
    world.store.overwrite(text)
    const result = await run(target, 'rotate', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'failed', code, actions: [] })
  })
})
