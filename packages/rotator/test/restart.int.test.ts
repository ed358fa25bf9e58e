import { inspect } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { ecsIamActions } from '../src/adapters/ecs/iam.ts'
import { RestartFailed } from '../src/lambda/restart/handler.ts'
import { handler } from '../src/lambda/restart/index.ts'
import { SECRET, labelUpdated, rotationSucceeded, startRestartWorld } from './restart-world.ts'
import type { Event } from './restart-world.ts'

const BOTH = [{ name: 'web' }, { name: 'worker' }] as const
const FORCED = { cluster: 'shop', forceNewDeployment: true }
const VERSION = 'b7c9a5f0-2f0e-4f5e-9a58-0d7f3d1f2a11'

describe.each<readonly [string, (more?: Event, detail?: Event) => Event]>([
  ['CN13: Secret Label Updated', labelUpdated],
  ['CN12: RotationSucceeded', rotationSucceeded],
])('%s', (_, make) => {
  test('has every service deploy anew, and nothing else', async () => {
    await using world = await startRestartWorld(BOTH)
    const { lines, error } = await world.call(make())
    expect(error).toBeUndefined()
    const updates = world.ecs.calls.filter(({ action }) => action === 'UpdateService')
    expect(new Set(updates.map(({ body }) => body))).toEqual(
      new Set(BOTH.map(({ name }) => ({ ...FORCED, service: name }))),
    )
    const begun = { level: 'info', code: 'RESTART_BEGUN', cluster: 'shop', secret: SECRET }
    expect(lines).toMatchObject([
      { ...begun, service: 'web' },
      { ...begun, service: 'worker' },
    ])
  })

  test('that is delivered twice restarts once', async () => {
    await using world = await startRestartWorld(BOTH)
    const event = make()
    await world.call(event)
    const { lines, error } = await world.call(event)
    expect(error).toBeUndefined()
    expect(world.restarts()).toEqual({ web: 1, worker: 1 })
    expect(lines.map(({ code, service }) => [code, service])).toEqual([
      ['RESTART_KNOWN', 'web'],
      ['RESTART_KNOWN', 'worker'],
    ])
  })

  test('that is repeated after a failure restarts only what was not restarted', async () => {
    await using world = await startRestartWorld(BOTH)
    const event = make()
    world.ecs.fail({ kind: 'denied', action: 'UpdateService' })
    const first = await world.call(event)
    expect(first.error).toBeInstanceOf(RestartFailed)
    const again = await world.call(event)
    expect(again.error).toBeUndefined()
    const codes = again.lines.map(({ code }) => code)
    expect(codes).toHaveLength(2)
    expect(codes).toEqual(expect.arrayContaining(['RESTART_BEGUN', 'RESTART_KNOWN']))
    const deployments = BOTH.map(({ name }) => world.ecs.service(name).begun.length)
    expect(deployments).toEqual([2, 2])
  })

  test('in a process that does not know of the first restarts again', async () => {
    await using world = await startRestartWorld(BOTH)
    const event = make()
    await world.call(event)
    world.renew()
    await world.call(event)
    expect(world.restarts()).toEqual({ web: 2, worker: 2 })
  })
})

describe('a restart', () => {
  test('is made again when AWSCURRENT comes back to a version', async () => {
    await using world = await startRestartWorld([{ name: 'web' }])
    await world.call(labelUpdated({ time: '2026-03-10T12:00:00Z' }, { versionId: VERSION }))
    await world.call(labelUpdated({ time: '2026-03-10T12:01:00Z' }))
    await world.call(labelUpdated({ time: '2026-03-10T12:02:00Z' }, { versionId: VERSION }))
    expect(world.restarts()).toEqual({ web: 3 })
  })

  test('C17: fails when one service could not be restarted, after the others were', async () => {
    await using world = await startRestartWorld(BOTH, { ECS_SERVICE_NAMES: 'web,gone,worker' })
    const { lines, error } = await world.call(labelUpdated({}, { versionId: VERSION }))
    expect(error).toMatchObject({
      name: 'RESTART_FAILED',
      message: '1 of 3 services of shop was not restarted: gone (ERR_ECS_UNKNOWN)',
    })
    expect(world.restarts()).toEqual({ web: 1, worker: 1 })
    expect(lines[1]).toMatchObject({
      ...{ level: 'error', code: 'RESTART_FAILED', cluster: 'shop', service: 'gone' },
      ...{ error: 'ERR_ECS_UNKNOWN', secret: SECRET, version: VERSION },
      ...{ what: expect.stringContaining('ERR_ECS_UNKNOWN'), todo: expect.any(String) },
    })
  })

  test('names every service that has failed, each with its code', async () => {
    await using world = await startRestartWorld([...BOTH, { name: 'blue', controller: 'EXTERNAL' }])
    world.ecs.fail({ kind: 'denied', action: 'UpdateService', calls: 2 })
    const { error } = await world.call(rotationSucceeded())
    expect(inspect(error)).toContain(
      '3 of 3 services of shop were not restarted: web (ERR_ECS_DENIED), ' +
        'worker (ERR_ECS_DENIED), blue (ERR_ECS_UNFIT)',
    )
  })

  test('whose answer is lost is looked for and not asked for again', async () => {
    await using world = await startRestartWorld([{ name: 'web' }])
    world.ecs.fail({ kind: 'answer-lost', action: 'UpdateService' })
    const { error, lines } = await world.call(labelUpdated())
    expect(error).toBeUndefined()
    expect(lines).toMatchObject([{ code: 'RESTART_BEGUN', service: 'web' }])
    expect(world.restarts()).toEqual({ web: 1 })
  })

  test('of which nothing shows has failed', async () => {
    await using world = await startRestartWorld([{ name: 'web' }])
    world.ecs.fail({ kind: 'request-lost', action: 'UpdateService' })
    const { error } = await world.call(labelUpdated())
    expect(error).toMatchObject({
      message: '1 of 1 services of shop was not restarted: web (ERR_OUTCOME_UNKNOWN)',
    })
  })

  test('that the end of the time has cut off is known when the event comes again', async () => {
    await using world = await startRestartWorld([{ name: 'web' }])
    world.ecs.fail({ kind: 'hang', action: 'UpdateService' })
    const event = labelUpdated()
    const { error } = await world.call(event, 3_000)
    expect(error).toMatchObject({
      message: '1 of 1 services of shop was not restarted: web (ERR_DEADLINE)',
    })
    const again = await world.call(event)
    expect(again.lines).toMatchObject([{ code: 'RESTART_KNOWN', service: 'web' }])
    expect(world.restarts()).toEqual({ web: 1 })
    world.ecs.heal()
  })

  test('that is known to have failed is no second restart, and a warning', async () => {
    await using world = await startRestartWorld([{ name: 'web' }])
    const event = labelUpdated()
    await world.call(event)
    await world.call(labelUpdated())
    const { lines, error } = await world.call(event)
    expect(error).toBeUndefined()
    expect(lines).toMatchObject([
      { level: 'warn', code: 'RESTART_KNOWN', state: 'failed', why: expect.any(String) },
    ])
    expect(world.restarts()).toEqual({ web: 2 })
  })

  test('asks for nothing that is not in the list of permissions', async () => {
    await using world = await startRestartWorld(BOTH)
    await world.call(labelUpdated())
    const asked = new Set(world.ecs.calls.map(({ action }) => `ecs:${action}`))
    expect([...asked].toSorted()).toEqual(ecsIamActions.map(({ action }) => action).toSorted())
  })
})

describe('what is ignored', () => {
  const listed = { SECRET_ARNS: `${SECRET}x, ${SECRET}` }
  const other = `${SECRET}y`

  test.each<readonly [string, unknown]>([
    ['another label', labelUpdated({}, { labelUpdated: 'BLUE' })],
    ['a rotation that begins', rotationSucceeded({}, { eventName: 'RotationStarted' })],
    ['a rotation that fails', rotationSucceeded({}, { eventName: 'RotationFailed' })],
    ['an event of another service', labelUpdated({ source: 'aws.ssm' })],
    ['a call of an API', rotationSucceeded({ 'detail-type': 'AWS API Call via CloudTrail' })],
    ['a secret that is not listed', labelUpdated({ resources: [other] })],
    [
      'a rotation of a secret that is not listed',
      rotationSucceeded({}, { additionalEventData: { SecretId: other } }),
    ],
    ['a text', 'rotate!'],
    ['nothing', undefined],
  ])('%s is, and that is logged', async (_, event) => {
    await using world = await startRestartWorld(BOTH, listed)
    const { lines, error } = await world.call(event)
    expect(error).toBeUndefined()
    expect(lines).toEqual([{ level: 'info', code: 'EVENT_IGNORED', why: expect.any(String) }])
    expect(world.ecs.calls).toEqual([])
  })

  test('is no secret that is listed, with or without the end of its ARN', async () => {
    await using world = await startRestartWorld([{ name: 'web' }], {
      SECRET_ARNS: SECRET.slice(0, -7),
    })
    await world.call(labelUpdated())
    await world.call(rotationSucceeded())
    expect(world.restarts()).toEqual({ web: 2 })
  })

  test('is no event that leaves its secret out', async () => {
    await using world = await startRestartWorld([{ name: 'web' }], listed)
    const { error } = await world.call(labelUpdated({ resources: [] }))
    expect(error).toMatchObject({
      name: 'RESTART_FAILED',
      message: 'the event does not name its secret, and SECRET_ARNS lists some',
    })
    await using all = await startRestartWorld([{ name: 'web' }])
    expect((await all.call(labelUpdated({ resources: [] }))).error).toBeUndefined()
    expect(all.restarts()).toEqual({ web: 1 })
  })
})

describe('the variables', () => {
  test.each([
    ['ECS_CLUSTER_NAME', ''],
    ['ECS_SERVICE_NAMES', ' , '],
    ['SECRET_ARNS', 'shop/db'],
  ])('must be there and be right: %s', async (name, value) => {
    await using world = await startRestartWorld(BOTH, { [name]: value })
    const { error } = await world.call(labelUpdated())
    expect(error).toMatchObject({ code: 'ERR_CONFIG', details: { path: name } })
    expect(world.ecs.calls).toEqual([])
  })

  test('name each service once, with or without blanks', async () => {
    await using world = await startRestartWorld(BOTH, { ECS_SERVICE_NAMES: ' web ,worker,web,' })
    await world.call(labelUpdated())
    expect(world.restarts()).toEqual({ web: 1, worker: 1 })
  })

  test('are those of the process where Lambda calls the function', async () => {
    vi.stubEnv('ECS_CLUSTER_NAME', '')
    const context = { getRemainingTimeInMillis: () => 20_000 }
    await expect(handler(labelUpdated(), context)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
    vi.unstubAllEnvs()
  })
})
