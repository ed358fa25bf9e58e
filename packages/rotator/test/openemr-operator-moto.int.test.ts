// Goal: our fakes are not the only judges of how tasks are started and logs are read. What is asked
// of a log stream is asked of the fake and of moto; moto runs no containers, so a task there only
// begins and is stopped.
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs'
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLogs } from '../../testkit/src/fakes/cloudwatch-logs.ts'
import { startMoto } from '../../testkit/src/servers/moto.ts'
import { logStream } from '../src/adapters/cloudwatch-logs/stream.ts'
import { ecsLauncher } from '../src/adapters/ecs/launcher.ts'
import type { Launcher } from '../src/ports/launcher.ts'
import { REGION } from './ecs-fixture.ts'
import { call } from './runtime-tools.ts'

const moto = await startMoto()
const fake = await startLogs()
afterAll(async () => {
  await moto?.[Symbol.asyncDispose]()
  await fake[Symbol.asyncDispose]()
})

const GROUP = 'openemr'

/** Somewhere that logs are, and who puts lines there. */
interface Judge {
  readonly endpoint: string
  append(stream: string, lines: readonly string[]): Promise<void>
}

const FAKE: Judge = {
  endpoint: fake.endpoint,
  append: async (stream, lines) => {
    for (const line of lines) fake.append({ group: GROUP, stream }, line)
  },
}

function motoJudge(endpoint: string): Judge {
  const client = new CloudWatchLogsClient({ endpoint, region: REGION })
  const made = new Set<string>()
  return {
    endpoint,
    append: async (stream, lines) => {
      if (made.size === 0) await client.send(new CreateLogGroupCommand({ logGroupName: GROUP }))
      const place = { logGroupName: GROUP, logStreamName: stream }
      if (!made.has(stream)) await client.send(new CreateLogStreamCommand(place))
      made.add(stream)
      const logEvents = lines.map((message) => ({ timestamp: Date.now(), message }))
      await client.send(new PutLogEventsCommand({ ...place, logEvents }))
    },
  }
}

const JUDGES: readonly (readonly [string, Judge])[] = [
  ['the fake', FAKE],
  ...(moto ? [[`moto ${moto.version}`, motoJudge(moto.endpoint)] as const] : []),
]

describe.for(JUDGES)('a log stream of %s', ([, judge]) => {
  const open = (stream: string): ReturnType<typeof logStream> =>
    logStream({ group: GROUP, stream, region: REGION, endpoint: judge.endpoint })

  test('that is not there yet has no lines', async () => {
    await judge.append('other', ['x'])
    expect(await open('none').read(call())).toEqual([])
  })

  test('gives each line once, in order, over as many pages as there are', async () => {
    const log = open('task')
    await judge.append('task', ['1', '2'])
    expect(await log.read(call())).toEqual(['1', '2'])
    expect(await log.read(call())).toEqual([])
    await judge.append('task', ['3', '4', '5', '6', '7', '8', '9'])
    expect(await log.read(call())).toEqual(['3', '4', '5', '6', '7', '8', '9'])
    expect(await log.read(call())).toEqual([])
    expect(await open('task').read(call())).toHaveLength(9)
  })
})

describe.runIf(moto)(`tasks of moto ${moto?.version ?? ''}`, () => {
  const place = { region: REGION, ...(moto && { endpoint: moto.endpoint }) }

  /** Of the network that an account begins with; moto refuses subnets that are not there. */
  async function existing(action: string, tag: string): Promise<string> {
    const scope = `test/20260101/${REGION}/ec2/aws4_request`
    const signed = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`
    const answer = await fetch(moto?.endpoint ?? '', {
      ...{ method: 'POST', headers: { authorization: signed } },
      body: new URLSearchParams({ Action: action, Version: '2016-11-15' }),
    })
    return new RegExp(`<${tag}>([^<]+)<`).exec(await answer.text())?.[1] ?? ''
  }

  const launcherOf = (options: object = {}): Launcher =>
    ecsLauncher({
      ...{ cluster: 'emr', service: 'web', taskDefinition: 'rotation', ...place },
      ...{ token: 'token-1', openLog: () => ({ read: async () => [] }), ...options },
    })

  beforeAll(async () => {
    const client = new ECSClient(place)
    await client.send(new CreateClusterCommand({ clusterName: 'emr' }))
    const logConfiguration = {
      logDriver: 'awslogs' as const,
      options: { 'awslogs-group': GROUP, 'awslogs-stream-prefix': 'ecs', 'awslogs-region': REGION },
    }
    const container = { name: 'credential-rotation', image: 'i', memory: 128, logConfiguration }
    await client.send(
      new RegisterTaskDefinitionCommand({
        ...{ family: 'rotation', containerDefinitions: [container], cpu: '256', memory: '512' },
        ...{ networkMode: 'awsvpc', requiresCompatibilities: ['FARGATE'] },
      }),
    )
    const network = {
      subnets: [await existing('DescribeSubnets', 'subnetId')],
      securityGroups: [await existing('DescribeSecurityGroups', 'groupId')],
    }
    await client.send(
      new CreateServiceCommand({
        ...{ cluster: 'emr', serviceName: 'web', taskDefinition: 'rotation', desiredCount: 0 },
        ...{ launchType: 'FARGATE', networkConfiguration: { awsvpcConfiguration: network } },
      }),
    )
  })

  test('begin, and are judged by what moto tells of them', async () => {
    const launch = await launcherOf().start(['--log-json'], call())
    expect(launch.name).toMatch(/^task emr\/[0-9a-f-]+$/)
    expect(launch.logCommand).toContain(`--log-stream-names ecs/credential-rotation/`)
    const begun = await launch.look(call())
    expect(['waiting', 'running']).toContain(begun.state)
    const task = launch.name.replace('task emr/', '')
    await new ECSClient(place).send(new StopTaskCommand({ cluster: 'emr', task, reason: 'tired' }))
    // moto gives every task that was stopped the exit code 0.
    const stopped = { state: 'ended', exitCode: 0, why: 'tired' }
    expect(await launch.look(call())).toEqual(stopped)
  })

  test('of a definition, a service or a cluster that is not there are refused', async () => {
    const codeOf = async (options: object): Promise<unknown> =>
      await launcherOf(options)
        .start([], call())
        .catch((error: unknown) => Object(error).code)
    expect(await codeOf({ taskDefinition: 'none' })).toBe('ERR_TASK_DEFINITION')
    expect(await codeOf({ service: 'none' })).toBe('ERR_ECS_UNKNOWN')
    expect(await codeOf({ cluster: 'none' })).toBe('ERR_ECS_UNKNOWN')
  })
})
