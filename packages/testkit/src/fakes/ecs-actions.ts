import { randomUUID } from 'node:crypto'
import { runningTasks } from './ecs-deployment.ts'
import type { FakeDeployment } from './ecs-deployment.ts'
import type { ServiceMachine } from './ecs-service.ts'
import { EcsTask } from './ecs-task.ts'
import type { TaskCommand } from './ecs-task.ts'

/** An object of JSON. */
export type Json = Readonly<Record<string, unknown>>

/** What `RunTask` asks for. */
export interface TaskRequest {
  readonly taskDefinition: string
  /** What the first container is told to run instead of its own command. */
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** A cluster of the fake. */
export interface Cluster {
  readonly name: string
  readonly services: ReadonlyMap<string, ServiceMachine>
  /** Tasks that were run by themselves, by ARN. */
  readonly tasks: Map<string, EcsTask>
  /** What a task that is run by itself runs; undefined: there is no such task definition. */
  readonly run: (request: TaskRequest) => TaskCommand | undefined
}

/** A refusal of the service. */
export class EcsRefusal extends Error {
  readonly type: string
  readonly status: number

  constructor(type: string, message: string, status = 400) {
    super(message)
    this.type = type
    this.status = status
  }
}

const ACCOUNT = 'arn:aws:ecs:eu-central-1:123456789012'

/** By name. @see Amazon ECS API reference, the page of each action */
export const ecsActions: ReadonlyMap<string, (cluster: Cluster, body: Json) => Json> = new Map([
  ['DescribeServices', describeServices],
  ['UpdateService', updateService],
  ['RunTask', runTask],
  ['DescribeTasks', describeTasks],
  ['StopTask', stopTask],
])

function describeServices(cluster: Cluster, body: Json): Json {
  demandCluster(cluster, body)
  const names = texts(body['services'])
  const found = names.flatMap((name) => cluster.services.get(lastPart(name)) ?? [])
  const failures = names
    .filter((name) => !cluster.services.has(lastPart(name)))
    .map((name) => ({
      arn: `${ACCOUNT}:service/${cluster.name}/${lastPart(name)}`,
      reason: 'MISSING',
    }))
  return { services: found.map((service) => tell(cluster, service)), failures }
}

function updateService(cluster: Cluster, body: Json): Json {
  demandCluster(cluster, body)
  const service = cluster.services.get(lastPart(text(body['service'])))
  if (!service) throw new EcsRefusal('ServiceNotFoundException', 'Service not found.')
  if (service.status !== 'ACTIVE')
    throw new EcsRefusal('ServiceNotActiveException', 'Service was not ACTIVE.')
  const force = body['forceNewDeployment'] === true
  const { controller = 'ECS' } = service.spec
  if (force && controller !== 'ECS')
    throw new EcsRefusal('InvalidParameterException', `Cannot force a deployment: ${controller}.`)
  const { desiredCount, taskDefinition } = body
  if (typeof desiredCount === 'number') service.scale(desiredCount)
  if (typeof taskDefinition === 'string') service.deploy(lastPart(taskDefinition))
  else if (force) service.deploy()
  return { service: tell(cluster, service) }
}

function runTask(cluster: Cluster, body: Json): Json {
  demandCluster(cluster, body)
  const taskDefinition = lastPart(text(body['taskDefinition']))
  const [override = {}] = objects(objectOf(body['overrides'])['containerOverrides'])
  const environment = objects(override['environment']).map((one) => [
    text(one['name']),
    text(one['value']),
  ])
  const command = cluster.run({
    taskDefinition,
    command: texts(override['command']),
    environment: Object.fromEntries(environment),
  })
  if (!command)
    throw new EcsRefusal('InvalidParameterException', 'TaskDefinition is inactive or missing.')
  const arn = `${ACCOUNT}:task/${cluster.name}/${randomUUID().replaceAll('-', '')}`
  const times = { settleMs: 0, stopTimeoutMs: 2_000 }
  cluster.tasks.set(arn, new EcsTask(arn, command, times, () => undefined))
  return { tasks: [tellTask(cluster, arn)], failures: [] }
}

function describeTasks(cluster: Cluster, body: Json): Json {
  demandCluster(cluster, body)
  const asked = texts(body['tasks'])
  const known = asked.filter((arn) => cluster.tasks.has(arn))
  return {
    tasks: known.map((arn) => tellTask(cluster, arn)),
    failures: asked
      .filter((arn) => !cluster.tasks.has(arn))
      .map((arn) => ({ arn, reason: 'MISSING' })),
  }
}

function stopTask(cluster: Cluster, body: Json): Json {
  demandCluster(cluster, body)
  const arn = text(body['task'])
  const task = cluster.tasks.get(arn)
  if (!task) throw new EcsRefusal('InvalidParameterException', 'The referenced task was not found.')
  task.stop()
  return { task: tellTask(cluster, arn) }
}

const STATUS: Readonly<Record<EcsTask['state'], string>> = {
  pending: 'PENDING',
  running: 'RUNNING',
  healthy: 'RUNNING',
  stopping: 'STOPPING',
  stopped: 'STOPPED',
}

function tellTask({ name, tasks }: Cluster, arn: string): Json {
  const task = tasks.get(arn)
  const { state = 'stopped', exitCode, wasStopped = false } = task ?? {}
  const lastStatus = STATUS[state]
  const ended = exitCode === undefined ? {} : { exitCode }
  return {
    taskArn: arn,
    clusterArn: `${ACCOUNT}:cluster/${name}`,
    lastStatus,
    desiredStatus: wasStopped || state === 'stopped' ? 'STOPPED' : 'RUNNING',
    ...(state === 'stopped' && {
      stopCode: wasStopped ? 'UserInitiated' : 'EssentialContainerExited',
      stoppedReason: wasStopped ? 'Stopped by user' : 'Essential container in task exited',
    }),
    containers: [{ name: 'app', lastStatus, ...ended }],
  }
}

function tell({ name: cluster }: Cluster, service: ServiceMachine): Json {
  const { spec, deployments, desired, events, status, primary } = service
  const running = deployments.flatMap((one) => runningTasks(one)).length
  const all = deployments.reduce((sum, { tasks }) => sum + tasks.size, 0)
  return {
    serviceArn: `${ACCOUNT}:service/${cluster}/${spec.name}`,
    serviceName: spec.name,
    clusterArn: `${ACCOUNT}:cluster/${cluster}`,
    status,
    desiredCount: desired,
    runningCount: running,
    pendingCount: all - running,
    launchType: 'FARGATE',
    taskDefinition: `${ACCOUNT}:task-definition/${primary.taskDefinition}`,
    deploymentConfiguration: {
      maximumPercent: 200,
      minimumHealthyPercent: 100,
      deploymentCircuitBreaker: {
        enable: spec.breaker !== undefined,
        rollback: spec.breaker !== undefined && spec.breaker !== 'stop',
      },
    },
    deploymentController: { type: spec.controller ?? 'ECS' },
    schedulingStrategy: 'REPLICA',
    deployments: deployments.map((one) => tellDeployment(service, one)),
    events: events
      .slice(0, 100)
      .map(({ createdAt, ...event }) => ({ ...event, createdAt: seconds(createdAt) })),
  }
}

function tellDeployment({ spec, desired }: ServiceMachine, one: FakeDeployment): Json {
  const running = runningTasks(one).length
  const { id, status, taskDefinition, createdAt, failedTasks, rolloutState, reason } = one
  const rollout = { rolloutState, rolloutStateReason: reason }
  return {
    id,
    status,
    taskDefinition: `${ACCOUNT}:task-definition/${taskDefinition}`,
    desiredCount: status === 'PRIMARY' ? desired : 0,
    pendingCount: one.tasks.size - running,
    runningCount: running,
    failedTasks,
    createdAt: seconds(createdAt),
    updatedAt: seconds(createdAt),
    launchType: 'FARGATE',
    ...(spec.tellsRollout !== false && rollout),
  }
}

function demandCluster({ name }: Cluster, body: Json): void {
  if (lastPart(text(body['cluster'])) !== name)
    throw new EcsRefusal('ClusterNotFoundException', 'Cluster not found.')
}

/** Timestamps of this protocol: seconds, with the milliseconds as a fraction. */
function seconds(at: Date): number {
  return at.getTime() / 1000
}

function lastPart(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(text) : []
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function objects(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(objectOf) : []
}
