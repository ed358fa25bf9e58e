import { describe, expect, test } from 'vitest'
import type { EcsTask, TaskCommand } from '../../testkit/src/fakes/ecs-task.ts'
import { startShop } from './ecs-fixture.ts'
import type { Shop } from './ecs-fixture.ts'
import { call, judged, rolled } from './runtime-tools.ts'

const TOKEN = 'roll:1'

/** Ends only when it is killed. */
const DEAF: TaskCommand = {
  argv: ['/bin/sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done'],
  ready: /^ready$/m,
}

/** Longer than any test: SIGKILL comes from the test. */
const DEAF_FOR = { stopTimeoutMs: 600_000 }

function isAlive({ pid = 0 }: EcsTask): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Rolls and waits until tasks of the roll run that will never be healthy. */
async function hanging(shop: Shop): Promise<string> {
  shop.setCourse('endless')
  const runtime = shop.runtime()
  await runtime.roll(TOKEN, call())
  return shop.web.primary.id
}

describe('a roll of an ECS service', () => {
  test('T66 forces one deployment, asks for nothing else, and waits for its end', async () => {
    await using shop = await startShop()
    const old = [...shop.web.primary.tasks]
    expect(old.map(isAlive)).toEqual([true, true])
    expect(await rolled(shop.runtime())).toEqual({ state: 'done' })
    const updates = shop.ecs.calls.filter(({ action }) => action === 'UpdateService')
    const body = { cluster: 'shop', service: 'web', forceNewDeployment: true }
    expect(updates).toEqual([{ action: 'UpdateService', body }])
    expect(old.map(isAlive)).toEqual([false, false])
    expect([...shop.web.primary.tasks].map(isAlive)).toEqual([true, true])
    expect(shop.web.primary.id).toBe(shop.web.begun[1])
  })

  test('T67 that is refused is not waited for', async () => {
    await using shop = await startShop()
    shop.ecs.fail({ kind: 'denied', action: 'UpdateService' })
    const runtime = shop.runtime()
    await expect(runtime.roll(TOKEN, call())).rejects.toMatchObject({ code: 'ERR_ECS_DENIED' })
    expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'due' })
    expect(shop.actions()).toEqual(['DescribeServices', 'UpdateService'])
  })

  test('that does not end fails at its limit and says what it waited for', async () => {
    await using shop = await startShop()
    shop.setCourse('endless')
    const { state, why } = await rolled(shop.runtime({ limitMs: 300 }))
    expect(state).toBe('failed')
    expect(why).toMatch(
      /^not done after 300 ms: deployment ecs-svc\/\d+: 0 of 2 tasks run, 2 pending, 0 failed;/,
    )
  })

  test('tells how many tasks run while it goes on', async () => {
    await using shop = await startShop()
    const id = await hanging(shop)
    const runtime = shop.runtime()
    runtime.recall?.(TOKEN, `${id} ${shop.web.primary.createdAt.toISOString()}`)
    expect(await runtime.observe(TOKEN, call())).toEqual({
      state: 'rolling',
      why: `deployment ${id}: 0 of 2 tasks run, 2 pending, 0 failed; 2 of earlier deployments`,
      receipt: `${id} ${shop.web.primary.createdAt.toISOString()}`,
    })
  })

  test('is not done while an old task runs on, though the new ones are healthy', async () => {
    await using shop = await startShop({ command: () => DEAF, times: DEAF_FOR })
    const old = [...shop.web.primary.tasks]
    const runtime = shop.runtime()
    await runtime.roll(TOKEN, call())
    await shop.web.until(() =>
      [...shop.web.primary.tasks].every((task) => task.state === 'healthy'),
    )
    const { state, why } = await runtime.observe(TOKEN, call())
    expect(state).toBe('rolling')
    expect(why).toMatch(/2 of 2 tasks run, 0 pending, 0 failed; 2 of earlier deployments$/)
    await Promise.all(old.map((task) => task.kill()))
    expect(await judged(runtime)).toEqual({ state: 'done' })
  })

  test('of a service behind a Classic Load Balancer is judged by counts of its id', async () => {
    await using shop = await startShop({ tellsRollout: false })
    expect(await rolled(shop.runtime())).toEqual({ state: 'done' })
    expect(shop.web.deployments.map(({ id }) => id)).toEqual([shop.web.begun[1]])
  })
})

describe('R14 a deployment that did not come up is never called done', () => {
  test('R14 the circuit breaker stopped it and nothing took its place', async () => {
    await using shop = await startShop({ breaker: 'stop' })
    shop.setCourse('failed')
    const { state, why = '' } = await rolled(shop.runtime())
    expect(state).toBe('failed')
    const [what, reason, ...events] = why.split('; ')
    expect(what).toBe(`deployment ${shop.web.begun[1]} has failed`)
    expect(reason).toBe('ECS deployment circuit breaker: tasks failed to start.')
    expect(events).toHaveLength(3)
    expect(why).toContain('deployment failed: tasks failed to start')
  })

  test('R14 the circuit breaker put the deployment before it back in its place', async () => {
    await using shop = await startShop({ breaker: 'same', lingerMs: 60_000 })
    const [before] = shop.web.begun
    shop.setCourse('failed')
    const { state, why } = await rolled(shop.runtime())
    expect(state).toBe('failed')
    expect(why).toContain(`deployment ${shop.web.begun[1]} has failed`)
    await shop.web.until(() => shop.web.primary.rolloutState === 'COMPLETED')
    expect(shop.web.primary.id).toBe(before)
  })

  test('R14 the circuit breaker put a new deployment in its place, and it is gone', async () => {
    await using shop = await startShop({ breaker: 'new' })
    const runtime = shop.runtime()
    shop.setCourse('failed')
    await runtime.roll(TOKEN, call())
    shop.setCourse('done')
    const { web } = shop
    await web.until(() => web.deployments.length === 1 && web.primary.hasCompleted)
    const { state, why } = await runtime.observe(TOKEN, call())
    expect(state).toBe('failed')
    expect(why).toContain(
      `deployment ${web.begun[1]} was replaced by a later one, ${web.primary.id}`,
    )
    expect(why).toContain(web.primary.reason)
  })

  test('R14 the circuit breaker went back to the one before it, and it is gone', async () => {
    await using shop = await startShop({ breaker: 'same' })
    const runtime = shop.runtime({ doubtMs: 100 })
    shop.setCourse('failed')
    await runtime.roll(TOKEN, call())
    const { web } = shop
    const [before, ours] = web.begun
    await web.until(() => web.deployments.length === 1 && web.primary.rolloutState === 'COMPLETED')
    expect((await runtime.observe(TOKEN, call())).state).toBe('rolling')
    const { state, why } = await judged(runtime)
    expect(state).toBe('failed')
    expect(why).toContain(`deployment ${ours} is gone: ECS shows ${before}`)
  })

  test('R14 somebody else has begun a deployment meanwhile', async () => {
    await using shop = await startShop()
    const ours = await hanging(shop)
    const runtime = shop.runtime()
    runtime.recall?.(TOKEN, `${ours} ${shop.web.primary.createdAt.toISOString()}`)
    shop.setCourse('done')
    const other = shop.web.deploy('task:2')
    const { state, why } = await runtime.observe(TOKEN, call())
    expect(state).toBe('failed')
    expect(why).toContain(`deployment ${ours} was replaced by a later one, ${other.id}`)
    await shop.web.until(() => other.hasCompleted)
    expect((await runtime.observe(TOKEN, call())).state).toBe('failed')
  })

  test('R14 no task is wanted: nothing could be replaced, and that is said', async () => {
    await using shop = await startShop()
    shop.web.scale(0)
    await shop.web.until(() => shop.web.primary.tasks.size === 0)
    expect(await rolled(shop.runtime())).toEqual({
      state: 'done',
      why: 'the desired count is 0: no task runs, so none was replaced',
    })
  })

  test('R14 scaled to zero in the midst of it: done when the last task has ended', async () => {
    await using shop = await startShop({ command: () => DEAF, times: DEAF_FOR })
    const runtime = shop.runtime()
    await runtime.roll(TOKEN, call())
    shop.web.scale(0)
    expect((await runtime.observe(TOKEN, call())).state).toBe('rolling')
    const all = shop.web.deployments.flatMap(({ tasks }) => [...tasks])
    await Promise.all(all.map((task) => task.kill()))
    expect(await judged(runtime)).toMatchObject({ state: 'done' })
    expect(shop.web.deployments.flatMap(({ tasks }) => [...tasks])).toEqual([])
  })
})

describe('what an ECS service says of a roll', () => {
  test('is its three newest events since the roll began, each on one line', async () => {
    await using shop = await startShop({ breaker: 'stop' })
    const early = { id: '0', createdAt: new Date(Date.now() - 60_000), message: 'long ago' }
    shop.web.events.push(early)
    shop.setCourse('failed')
    const runtime = shop.runtime()
    await runtime.roll(TOKEN, call())
    await shop.web.until(() => shop.web.primary.rolloutState === 'FAILED')
    const later = new Date(Date.now() + 1_000)
    const message = `two\nlines\u0007${'x'.repeat(400)}`
    shop.web.events.unshift({ id: '1', createdAt: later, message })
    const { why = '' } = await judged(runtime)
    const events = why.split('; ').slice(2)
    expect(events).toHaveLength(3)
    expect(events[0]).toMatch(/^two lines x+…$/)
    expect(events[0]?.length).toBe(300)
    expect(why).not.toContain('long ago')
  })
})
