// Goal: our fake is not the only judge of what is sent to ECS and read from it. moto has no
// rollout: it renames the one deployment, so the id is what can be followed there.
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startMoto } from '../../testkit/src/servers/moto.ts'
import type { Moto } from '../../testkit/src/servers/moto.ts'
import { ecsRuntime } from '../src/adapters/ecs/runtime.ts'
import type { Runtime } from '../src/ports/runtime.ts'
import { REGION } from './ecs-fixture.ts'
import { call, judged } from './runtime-tools.ts'

const RUNNING = 'MOTO_ECS_SERVICE_RUNNING'
process.env[RUNNING] = '2'
const TOKEN = 'roll:1'
const moto = await startMoto()
afterAll(() => moto?.[Symbol.asyncDispose]())

const place = ({ endpoint }: Moto): { region: string; endpoint: string } => ({
  region: REGION,
  endpoint,
})

function runtimeOn(server: Moto, service = 'web', cluster = 'shop'): Runtime {
  const pace = { limitMs: 5_000, pollMs: 10, doubtMs: 0 }
  return ecsRuntime({ id: 'web', cluster, service, ...place(server), ...pace })
}

async function deploymentsOf(server: Moto): Promise<readonly (string | undefined)[]> {
  const client = new ECSClient(place(server))
  const command = new DescribeServicesCommand({ cluster: 'shop', services: ['web'] })
  const { services: [web] = [] } = await client.send(command)
  return web?.deployments?.map(({ id }) => id) ?? []
}

describe.runIf(moto)(`an ECS service of moto ${moto?.version ?? ''}`, () => {
  beforeAll(async () => {
    if (!moto) return
    const client = new ECSClient(place(moto))
    await client.send(new CreateClusterCommand({ clusterName: 'shop' }))
    const containerDefinitions = [{ name: 'app', image: 'app', memory: 128 }]
    const family = 'web'
    await client.send(new RegisterTaskDefinitionCommand({ family, containerDefinitions }))
    const service = { cluster: 'shop', serviceName: 'web', taskDefinition: family, desiredCount: 2 }
    await client.send(new CreateServiceCommand(service))
  })

  test('takes the request, and its answer names the deployment that is followed', async () => {
    if (!moto) throw new Error('no moto')
    const [before] = await deploymentsOf(moto)
    const runtime = runtimeOn(moto)
    await runtime.roll(TOKEN, call())
    const [after] = await deploymentsOf(moto)
    expect(after).toMatch(/^ecs-svc\//)
    expect(after).not.toBe(before)
    expect(await judged(runtime)).toEqual({ state: 'done' })
  })

  test('that somebody else deploys shows another id, and the roll has failed', async () => {
    if (!moto) throw new Error('no moto')
    const runtime = runtimeOn(moto)
    await runtime.roll(TOKEN, call())
    const client = new ECSClient(place(moto))
    const change = { cluster: 'shop', service: 'web', forceNewDeployment: true }
    await client.send(new UpdateServiceCommand(change))
    expect((await judged(runtime)).state).toBe('failed')
  })

  test('that is not there is told as moto and AWS tell it', async () => {
    if (!moto) throw new Error('no moto')
    const unknown = { code: 'ERR_ECS_UNKNOWN' }
    await expect(runtimeOn(moto, 'wbe').roll(TOKEN, call())).rejects.toMatchObject(unknown)
    await expect(runtimeOn(moto, 'web', 'shpo').roll(TOKEN, call())).rejects.toMatchObject(unknown)
  })
})
