import { describe, expect, test } from 'vitest'
import type { Runtime } from '../src/ports/runtime.ts'
import { startShop } from './ecs-fixture.ts'
import type { Course, Shop } from './ecs-fixture.ts'
import { call, judged, rolled } from './runtime-tools.ts'

const TOKEN = 'roll:1'

/** Rolls as a process that is killed then, and gives what it has noted. */
async function begunBefore(shop: Shop, course: Course): Promise<string> {
  shop.setCourse(course)
  const runtime = shop.runtime()
  await runtime.roll(TOKEN, call())
  const { id, createdAt } = shop.web.primary
  return `${id} ${createdAt.toISOString()}`
}

/** A runtime of a new process that is told of the roll. */
function told(shop: Shop, receipt: string): Runtime {
  const runtime = shop.runtime({ doubtMs: 100 })
  runtime.recall?.(TOKEN, receipt)
  return runtime
}

describe('a roll of an ECS service that an earlier process began', () => {
  test('goes on where it is, and is not begun again', async () => {
    await using shop = await startShop()
    const runtime = told(shop, await begunBefore(shop, 'endless'))
    await runtime.roll(TOKEN, call())
    expect((await runtime.observe(TOKEN, call())).state).toBe('rolling')
    expect(shop.web.begun).toHaveLength(2)
  })

  test('is done when it has come to its end meanwhile', async () => {
    await using shop = await startShop()
    const receipt = await begunBefore(shop, 'done')
    await shop.web.until(() => shop.web.primary.rolloutState === 'COMPLETED')
    expect(await rolled(told(shop, receipt))).toEqual({ state: 'done' })
    expect(shop.web.begun).toHaveLength(2)
  })

  test('has failed when the circuit breaker has stopped it meanwhile', async () => {
    await using shop = await startShop({ breaker: 'stop' })
    const receipt = await begunBefore(shop, 'failed')
    await shop.web.until(() => shop.web.primary.rolloutState === 'FAILED')
    expect((await rolled(told(shop, receipt))).state).toBe('failed')
  })

  test('has failed when ECS has gone back to the deployment before it meanwhile', async () => {
    await using shop = await startShop({ breaker: 'same' })
    const receipt = await begunBefore(shop, 'failed')
    const { web } = shop
    await web.until(() => web.deployments.length === 1 && web.primary.rolloutState === 'COMPLETED')
    expect((await rolled(told(shop, receipt))).state).toBe('failed')
    expect(web.begun).toHaveLength(2)
  })

  test('is due where nobody has told of it: when it began is anybody’s guess', async () => {
    await using shop = await startShop()
    await begunBefore(shop, 'done')
    await shop.web.until(() => shop.web.primary.rolloutState === 'COMPLETED')
    const runtime = shop.runtime()
    expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'due' })
    expect(await rolled(runtime)).toEqual({ state: 'done' })
    expect(shop.web.begun).toHaveLength(3)
  })

  test('cannot be made up by a deployment from before the credential was published', async () => {
    await using shop = await startShop()
    shop.web.deploy()
    await shop.web.until(() => shop.web.primary.rolloutState === 'COMPLETED')
    const runtime = shop.runtime()
    expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'due' })
    await runtime.roll(TOKEN, call())
    expect(await judged(runtime)).toEqual({ state: 'done' })
    expect(shop.web.begun).toHaveLength(3)
  })

  test.each(['', 'ecs-svc/1', 'ecs-svc/1 yesterday', ' 2026-01-01T00:00:00.000Z'])(
    'is not known by a receipt that is none: %j',
    async (receipt) => {
      await using shop = await startShop()
      const runtime = told(shop, receipt)
      expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'due' })
    },
  )

  test('that this process knows itself is not forgotten for a receipt', async () => {
    await using shop = await startShop()
    const runtime = shop.runtime()
    await runtime.roll(TOKEN, call())
    runtime.recall?.(TOKEN, 'ecs-svc/1 2026-01-01T00:00:00.000Z')
    expect(await judged(runtime)).toEqual({ state: 'done' })
  })
})
