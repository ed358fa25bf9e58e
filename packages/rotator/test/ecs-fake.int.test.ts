// Goal: the fake does what ECS is documented to do, so that what is proven on it means something.
import {
  DescribeTasksCommand,
  ECSClient,
  RunTaskCommand,
  StopTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import type { Task } from '@aws-sdk/client-ecs'
import { describe, expect, test } from 'vitest'
import { healthyTasks, liveTasks } from '../../testkit/src/fakes/ecs-deployment.ts'
import { startEcs } from '../../testkit/src/fakes/ecs.ts'
import type { FakeEcs } from '../../testkit/src/fakes/ecs.ts'
import type { ServiceMachine } from '../../testkit/src/fakes/ecs-service.ts'
import { REGION, startShop } from './ecs-fixture.ts'

function clientOf({ endpoint }: FakeEcs): ECSClient {
  return new ECSClient({ region: REGION, endpoint, maxAttempts: 1 })
}

/** The fewest healthy and the most live tasks that a service had until this was true. */
async function extremes(
  web: ServiceMachine,
  isOver: () => boolean,
): Promise<{ fewest: number; most: number }> {
  let [fewest, most] = [Infinity, 0]
  await web.until(() => {
    fewest = Math.min(fewest, web.deployments.flatMap(healthyTasks).length)
    most = Math.max(most, web.deployments.flatMap(liveTasks).length)
    return isOver()
  })
  return { fewest, most }
}

describe('the fake of ECS', () => {
  test('starts new tasks before it ends old ones, never more than twice as many', async () => {
    await using shop = await startShop({ desired: 3, times: { settleMs: 50 } })
    const { web } = shop
    const next = web.deploy()
    const seen = await extremes(web, () => next.rolloutState === 'COMPLETED')
    expect(seen).toEqual({ fewest: 3, most: 6 })
  })

  test('gives every deployment a later time than the one before', async () => {
    await using shop = await startShop()
    const first = shop.web.deploy()
    const second = shop.web.deploy()
    expect(second.createdAt.getTime()).toBeGreaterThan(first.createdAt.getTime())
  })

  test('lets a deployment go when the circuit breaker has tripped at three tasks', async () => {
    await using shop = await startShop({ breaker: 'same' })
    const [before] = shop.web.begun
    shop.setCourse('failed')
    const failed = shop.web.deploy()
    await shop.web.until(() => failed.rolloutState === 'FAILED')
    expect(failed.failedTasks).toBe(3)
    await shop.web.until(() => shop.web.primary.rolloutState === 'COMPLETED')
    expect(shop.web.primary.id).toBe(before)
  })

  test('scales without a deployment', async () => {
    await using shop = await startShop()
    const client = clientOf(shop.ecs)
    const change = { cluster: 'shop', service: 'web', desiredCount: 3 }
    const { service } = await client.send(new UpdateServiceCommand(change))
    expect(service?.desiredCount).toBe(3)
    await shop.web.until(() => healthyTasks(shop.web.primary).length === 3)
    expect(shop.web.begun).toHaveLength(1)
  })
})

/** A task that was run by itself, and its cluster, which is ended with it. */
interface Ran extends AsyncDisposable {
  readonly client: ECSClient
  readonly arn: string
}

describe('a task that is run by itself', () => {
  const cluster = 'shop'

  async function described(client: ECSClient, arn: string, status: string): Promise<Task> {
    const command = new DescribeTasksCommand({ cluster, tasks: [arn] })
    let task: Task = {}
    const look = async (): Promise<string | undefined> => {
      const { tasks: [found = {}] = [] } = await client.send(command)
      task = found
      return found.lastStatus
    }
    await expect.poll(look, { timeout: 20_000 }).toBe(status)
    return task
  }

  async function start(argv: readonly string[]): Promise<Ran> {
    const ecs = await startEcs({
      cluster,
      services: [],
      run: ({ taskDefinition, command: [program = 'true', ...args], environment }) =>
        taskDefinition === 'rotator:1' ? { argv: [program, ...args], env: environment } : undefined,
    })
    const environment = [{ name: 'CODE', value: '3' }]
    const containerOverrides = [{ name: 'app', command: [...argv], environment }]
    const overrides = { containerOverrides }
    const run = new RunTaskCommand({ cluster, taskDefinition: 'rotator:1', overrides })
    const client = clientOf(ecs)
    const { tasks } = await client.send(run)
    const arn = tasks?.[0]?.taskArn ?? ''
    return { client, arn, [Symbol.asyncDispose]: () => ecs[Symbol.asyncDispose]() }
  }

  test('ends with the exit code of its command', async () => {
    await using ran = await start(['/bin/sh', '-c', 'exit $CODE'])
    expect(await described(ran.client, ran.arn, 'STOPPED')).toMatchObject({
      stopCode: 'EssentialContainerExited',
      containers: [{ name: 'app', exitCode: 3 }],
    })
  })

  test('is ended by StopTask', async () => {
    await using ran = await start(['/bin/sh', '-c', 'exec sleep 600'])
    const { client, arn } = ran
    await described(client, arn, 'RUNNING')
    await client.send(new StopTaskCommand({ cluster, task: arn }))
    expect(await described(client, arn, 'STOPPED')).toMatchObject({ stopCode: 'UserInitiated' })
  })

  test('of a task definition that is not there is refused', async () => {
    await using ecs = await startEcs({ cluster, services: [] })
    const run = new RunTaskCommand({ cluster, taskDefinition: 'none:1' })
    await expect(clientOf(ecs).send(run)).rejects.toThrow('inactive or missing')
    const command = new DescribeTasksCommand({ cluster, tasks: ['none'] })
    const { failures } = await clientOf(ecs).send(command)
    expect(failures).toEqual([{ arn: 'none', reason: 'MISSING' }])
  })
})
