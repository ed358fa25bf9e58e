import { randomUUID } from 'node:crypto'
import type { Cluster } from './ecs-actions.ts'
import { AwsRefusal } from './aws-refusal.ts'
import { ACCOUNT, lastPart, objectOf, objects, text, texts } from './ecs-json.ts'
import type { Json } from './ecs-json.ts'
import { EcsTask } from './ecs-task.ts'
import type { TaskCommand } from './ecs-task.ts'

/** What `RunTask` asks for. */
export interface TaskRequest {
  /** With its revision where that was given. */
  readonly taskDefinition: string
  /** What the first container is told to run instead of its own command. */
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/**
 * What comes of it: a process; a task that ECS places and that never gets a container; a failure in
 * the place of a task; undefined where there is no such task definition.
 */
export type RunOutcome =
  | TaskCommand
  | { readonly stopped: { readonly stopCode: string; readonly stoppedReason: string } }
  | { readonly failure: { readonly reason: string; readonly detail?: string } }
  | undefined

/** A task definition, as `DescribeTaskDefinition` tells it. */
export interface DefinitionSpec {
  readonly family: string
  readonly containers: readonly ContainerSpec[]
  /** Default `FARGATE`. */
  readonly compatibility?: 'FARGATE' | 'EC2'
}

interface ContainerSpec {
  readonly name: string
  readonly essential?: boolean
  readonly logConfiguration?: {
    readonly logDriver: string
    readonly options?: Readonly<Record<string, string>>
  }
}

/** A task that was run by itself. */
export interface AloneTask {
  /** The name of its first container. */
  readonly container: string
  readonly task?: EcsTask
  /** Of a task that never got a container. */
  readonly stopped?: { readonly stopCode: string; readonly stoppedReason: string }
}

/**
 * Tells a task definition; the only revision is 1.
 * @see Amazon ECS API reference, DescribeTaskDefinition
 */
export function describeTaskDefinition({ definitions }: Cluster, body: Json): Json {
  const asked = lastPart(text(body['taskDefinition']))
  const [family, revision = '1'] = asked.split(':')
  const found = definitions.find((one) => one.family === family)
  if (!found || revision !== '1')
    throw new AwsRefusal('ClientException', 'Unable to describe task definition.')
  return {
    taskDefinition: {
      taskDefinitionArn: `${ACCOUNT}:task-definition/${found.family}:1`,
      family: found.family,
      revision: 1,
      status: 'ACTIVE',
      networkMode: 'awsvpc',
      requiresCompatibilities: [found.compatibility ?? 'FARGATE'],
      containerDefinitions: found.containers,
    },
  }
}

/**
 * Runs a task by itself. The same client token gives the same task.
 * @see Amazon ECS API reference, RunTask
 */
export function runTask(cluster: Cluster, body: Json): Json {
  const { tasks, tokens } = cluster
  const token = text(body['clientToken'])
  const known = tokens.get(token)
  if (known !== undefined) return { tasks: [tellTask(cluster, known)], failures: [] }
  const taskDefinition = lastPart(text(body['taskDefinition']))
  const [override = {}] = objects(objectOf(body['overrides'])['containerOverrides'])
  const environment = objects(override['environment']).map((one) => [
    text(one['name']),
    text(one['value']),
  ])
  const outcome = cluster.run({
    taskDefinition,
    command: texts(override['command']),
    environment: Object.fromEntries(environment),
  })
  if (!outcome)
    throw new AwsRefusal('InvalidParameterException', 'TaskDefinition is inactive or missing.')
  if ('failure' in outcome) return { tasks: [], failures: [outcome.failure] }
  const id = randomUUID().replaceAll('-', '')
  const arn = `${ACCOUNT}:task/${cluster.name}/${id}`
  const container = text(override['name']) || 'app'
  if (token !== '') tokens.set(token, arn)
  if ('stopped' in outcome) tasks.set(arn, { container, stopped: outcome.stopped })
  else {
    const times = { settleMs: 0, stopTimeoutMs: 2_000 }
    const task = new EcsTask(arn, outcome, times, () => undefined)
    tasks.set(arn, { container, task })
    tellLog(cluster, { task, taskDefinition, container, id })
  }
  return { tasks: [tellTask(cluster, arn)], failures: [] }
}

interface Told {
  readonly task: EcsTask
  readonly taskDefinition: string
  readonly container: string
  readonly id: string
}

/** The driver `awslogs`: what a container prints goes into a stream named after the task. */
function tellLog({ definitions, log }: Cluster, told: Told): void {
  const { task, taskDefinition, container, id } = told
  const definition = definitions.find(({ family }) => family === taskDefinition.split(':')[0])
  const found = definition?.containers.find(({ name }) => name === container)
  const { logDriver, options = {} } = found?.logConfiguration ?? {}
  if (logDriver !== 'awslogs') return
  const stream = `${options['awslogs-stream-prefix'] ?? ''}/${container}/${id}`
  task.onLine = (line) => log?.({ group: options['awslogs-group'] ?? '', stream }, line)
}

/** @see Amazon ECS API reference, DescribeTasks */
export function describeTasks(cluster: Cluster, body: Json): Json {
  const asked = texts(body['tasks'])
  const known = asked.filter((arn) => cluster.tasks.has(arn))
  return {
    tasks: known.map((arn) => tellTask(cluster, arn)),
    failures: asked
      .filter((arn) => !cluster.tasks.has(arn))
      .map((arn) => ({ arn, reason: 'MISSING' })),
  }
}

/** @see Amazon ECS API reference, StopTask */
export function stopTask(cluster: Cluster, body: Json): Json {
  const arn = text(body['task'])
  const task = cluster.tasks.get(arn)
  if (!task) throw new AwsRefusal('InvalidParameterException', 'The referenced task was not found.')
  task.task?.stop()
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
  const { task, stopped, container = 'app' } = tasks.get(arn) ?? {}
  const { state = 'stopped', exitCode, wasStopped = false } = task ?? {}
  const lastStatus = STATUS[state]
  const ended = exitCode === undefined ? {} : { exitCode }
  const why = stopped ?? {
    stopCode: wasStopped ? 'UserInitiated' : 'EssentialContainerExited',
    stoppedReason: wasStopped ? 'Stopped by user' : 'Essential container in task exited',
  }
  return {
    taskArn: arn,
    clusterArn: `${ACCOUNT}:cluster/${name}`,
    lastStatus,
    desiredStatus: wasStopped || state === 'stopped' ? 'STOPPED' : 'RUNNING',
    ...(state === 'stopped' && why),
    containers: [{ name: container, lastStatus, ...ended }],
  }
}
