import { describe, expect, test } from 'vitest'
import type { ServiceSpec } from '../../testkit/src/fakes/ecs-service.ts'
import { freePort } from '../../testkit/src/servers/ports.ts'
import { RotatorError } from '../src/errors.ts'
import type { Runtime } from '../src/ports/runtime.ts'
import { startShop } from './ecs-fixture.ts'
import type { Shop } from './ecs-fixture.ts'
import { call, judged, rolled } from './runtime-tools.ts'

const TOKEN = 'roll:1'

async function failure(promise: Promise<unknown>): Promise<RotatorError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof RotatorError) return error
  throw new Error('it did not fail with an error of ours', { cause: error })
}

function updates(shop: Shop): number {
  return shop.actions().filter((action) => action === 'UpdateService').length
}

/** Begins a roll that goes on for ever. */
async function begunBy(shop: Shop, runtime: Runtime): Promise<void> {
  shop.setCourse('endless')
  await runtime.roll(TOKEN, call())
}

describe('a service that cannot be rolled is refused before anything is deployed', () => {
  test.each<Partial<ServiceSpec>>([{ controller: 'CODE_DEPLOY' }, { controller: 'EXTERNAL' }])(
    'with the deployment controller $controller',
    async (spec) => {
      await using shop = await startShop(spec)
      const error = await failure(shop.runtime().roll(TOKEN, call()))
      expect(error.code).toBe('ERR_ECS_UNFIT')
      expect(error.message).toContain(`its deployment controller is ${spec.controller}`)
      expect(updates(shop)).toBe(0)
    },
  )

  test.each(['DRAINING', 'INACTIVE'] as const)('while it is %s', async (status) => {
    await using shop = await startShop()
    shop.web.status = status
    const error = await failure(shop.runtime().roll(TOKEN, call()))
    expect(error.code).toBe('ERR_ECS_UNFIT')
    expect(error.message).toContain(`it is ${status}`)
    expect(updates(shop)).toBe(0)
  })

  test('that is not there', async () => {
    await using shop = await startShop()
    const error = await failure(shop.runtime({ service: 'wbe' }).roll(TOKEN, call()))
    expect(error.message).toMatch(/ERR_ECS_UNKNOWN; service: shop\/wbe, problem: MISSING/)
    expect(updates(shop)).toBe(0)
  })

  test('in a cluster that is not there', async () => {
    await using shop = await startShop()
    const error = await failure(shop.runtime({ cluster: 'shpo' }).roll(TOKEN, call()))
    expect(error.message).toMatch(/ERR_ECS_UNKNOWN.*problem: ClusterNotFoundException/)
    expect(updates(shop)).toBe(0)
  })

  test('is named by ARNs as well', async () => {
    await using shop = await startShop()
    const cluster = 'arn:aws:ecs:eu-central-1:123456789012:cluster/shop'
    const service = 'arn:aws:ecs:eu-central-1:123456789012:service/shop/web'
    expect(await rolled(shop.runtime({ cluster, service }))).toEqual({ state: 'done' })
  })
})

describe('a look whether a service could be rolled', () => {
  test('says how many tasks run, and deploys nothing', async () => {
    await using shop = await startShop()
    expect(await shop.runtime().inspect?.(call())).toBe('2 of 2 tasks run')
    expect(shop.actions()).toEqual(['DescribeServices'])
  })

  test('finds what a roll would be refused for', async () => {
    await using shop = await startShop({ controller: 'CODE_DEPLOY' })
    const look = (service: string): Promise<unknown> =>
      Promise.resolve(shop.runtime({ service }).inspect?.(call()))
    expect((await failure(look('web'))).code).toBe('ERR_ECS_UNFIT')
    expect((await failure(look('wbe'))).code).toBe('ERR_ECS_UNKNOWN')
  })
})

describe('a call that ECS refuses', () => {
  test.each(['DescribeServices', 'UpdateService'])(
    'for lack of a permission names it: ecs:%s',
    async (action) => {
      await using shop = await startShop()
      shop.ecs.fail({ kind: 'denied', action })
      const { code, details, retry } = await failure(shop.runtime().roll(TOKEN, call()))
      expect(code).toBe('ERR_ECS_DENIED')
      expect(details).toMatchObject({ action: `ecs:${action}`, service: 'shop/web' })
      expect(retry).toBe('never')
      expect(shop.web.begun).toHaveLength(1)
    },
  )

  test('for expired AWS credentials says that they are', async () => {
    await using shop = await startShop()
    shop.ecs.fail({ kind: 'expired', action: 'UpdateService' })
    const error = await failure(shop.runtime().roll(TOKEN, call()))
    expect(error.code).toBe('ERR_ECS_DENIED')
    expect(error.details).toMatchObject({ problem: 'ExpiredTokenException' })
    expect(error.hint).toMatch(/expired/)
  })

  test('for too many requests is tried three times, then left to the run', async () => {
    await using shop = await startShop()
    shop.ecs.fail({ kind: 'throttle', action: 'UpdateService', calls: 3 })
    const runtime = shop.runtime()
    const error = await failure(runtime.roll(TOKEN, call()))
    expect([error.code, error.retry]).toEqual(['ERR_ECS_THROTTLED', 'safe'])
    expect(updates(shop)).toBe(3)
    expect(await rolled(runtime)).toEqual({ state: 'done' })
  })

  test('for too many requests twice goes through', async () => {
    await using shop = await startShop()
    shop.ecs.fail({ kind: 'throttle', action: 'UpdateService', calls: 2 })
    expect(await rolled(shop.runtime())).toEqual({ state: 'done' })
    expect(shop.web.begun).toHaveLength(2)
  })

  test('in the midst of a roll leaves the roll as it is', async () => {
    await using shop = await startShop()
    const runtime = shop.runtime()
    await begunBy(shop, runtime)
    shop.ecs.fail({ kind: 'denied', action: 'DescribeServices' })
    expect((await failure(runtime.observe(TOKEN, call()))).code).toBe('ERR_ECS_DENIED')
    await runtime.roll(TOKEN, call())
    expect((await runtime.observe(TOKEN, call())).state).toBe('rolling')
    expect(updates(shop)).toBe(1)
  })

  test('is none where nobody listens', async () => {
    await using shop = await startShop()
    const runtime = shop.runtime({ endpoint: `http://127.0.0.1:${await freePort()}` })
    const error = await failure(runtime.roll(TOKEN, call()))
    expect([error.code, error.retry]).toEqual(['ERR_ECS_UNREACHABLE', 'safe'])
  })
})

describe('an answer of UpdateService that never came', () => {
  test.each(['answer-lost', 'broken', 'hang'] as const)(
    'is looked for and found, and no second deployment is forced (%s)',
    async (kind) => {
      await using shop = await startShop()
      shop.ecs.fail({ kind, action: 'UpdateService' })
      const runtime = shop.runtime({ requestTimeoutMs: 3_000 })
      expect(await rolled(runtime)).toEqual({ state: 'done' })
      expect(updates(shop)).toBe(1)
      expect(shop.web.begun).toHaveLength(2)
    },
  )

  test('is due again only when no effect has shown for a while', async () => {
    await using shop = await startShop()
    shop.ecs.fail({ kind: 'request-lost', action: 'UpdateService' })
    const runtime = shop.runtime({ doubtMs: 4_000 })
    await runtime.roll(TOKEN, call())
    expect(await runtime.observe(TOKEN, call())).toEqual({
      state: 'rolling',
      why: 'the answer of UpdateService was lost; looking for its effect',
    })
    await runtime.roll(TOKEN, call())
    expect(updates(shop)).toBe(1)
    expect(await judged(runtime)).toEqual({ state: 'due' })
    expect(await rolled(runtime)).toEqual({ state: 'done' })
    expect(updates(shop)).toBe(2)
  })

  test('does not make a deployment from before the request its effect', async () => {
    await using shop = await startShop()
    shop.web.deploy()
    await shop.web.until(() => shop.web.primary.rolloutState === 'COMPLETED')
    shop.ecs.fail({ kind: 'request-lost', action: 'UpdateService' })
    const runtime = shop.runtime({ doubtMs: 100 })
    await runtime.roll(TOKEN, call())
    expect(await judged(runtime)).toEqual({ state: 'due' })
  })

  test('because the call ran out of time is looked for as well', async () => {
    await using shop = await startShop()
    shop.ecs.fail({ kind: 'hang', action: 'UpdateService' })
    const runtime = shop.runtime()
    const reason = new RotatorError('ERR_DEADLINE', { operation: 'roll', limitMs: 200 })
    const over = new AbortController()
    const rolling = runtime.roll(TOKEN, { signal: over.signal })
    await shop.web.until(() => shop.web.begun.length === 2)
    over.abort(reason)
    await rolling
    expect(await judged(runtime)).toEqual({ state: 'done' })
    expect(updates(shop)).toBe(1)
  })
})

describe('what ECS shows may be older than what it was told', () => {
  test('a deployment that does not show yet has not failed', async () => {
    await using shop = await startShop()
    const runtime = shop.runtime()
    await runtime.roll(TOKEN, call())
    shop.ecs.fail({ kind: 'stale', action: 'DescribeServices', calls: 2 })
    expect((await runtime.observe(TOKEN, call())).state).toBe('rolling')
    expect((await runtime.observe(TOKEN, call())).state).toBe('rolling')
    expect(await judged(runtime)).toEqual({ state: 'done' })
  })
})
