import type { NetworkConfiguration, Service, Task } from '@aws-sdk/client-ecs'
import { RotatorError, isRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { Launch, LaunchState, Launcher } from '../../ports/launcher.ts'
import type { AwsOptions } from '../common/aws-client.ts'
import { ecsConnector } from './connect.ts'
import type { EcsConnection } from './connect.ts'
import { oneLine } from './events.ts'
import { classifyEcs } from './failures.ts'
import type { EcsOperation } from './failures.ts'
import { lastPart } from './service.ts'
import { runnable } from './task-definition.ts'
import type { LogPlace, RunnableDefinition } from './task-definition.ts'
import { judgeTask } from './task-state.ts'

/** Reads what a container prints. */
export interface TaskLog {
  read(call: Call): Promise<readonly string[]>
}

/** Where tasks are started, and from what. */
export interface EcsLauncherOptions extends AwsOptions {
  /** Name or ARN. */
  readonly cluster: string
  /** Name or ARN. Tasks are started in its subnets, with its security groups. */
  readonly service: string
  /** Family, family and revision, or ARN. */
  readonly taskDefinition: string
  /** Which container gets the command. Default: the only one that is essential. */
  readonly container?: string
  /** Names one start: 1 to 64 characters. The same token never starts a second task. */
  readonly token: string
  /** Opens the log of a task. */
  readonly openLog: (place: LogPlace, stream: string) => TaskLog
  /** For how long ECS may not show a task that it has just started, in ms. Default 60,000. */
  readonly doubtMs?: number
}

/** AWS names no bound. @see Amazon ECS API reference, RunTask: "eventual consistency model" */
const DOUBT_MS = 60_000

/** The agent sends what is printed in batches, and CloudWatch Logs takes a moment to show it. */
const LOG_LAG_MS = 5_000

/**
 * Runs commands in tasks of their own, in the network of a service. Which tasks run already is not
 * asked: the lock in the database refuses a second rotation, and says who holds it.
 *
 * @throws ERR_ECS_*, ERR_TASK_DEFINITION, ERR_TASK_REFUSED, ERR_OUTCOME_UNKNOWN, ERR_CONFIG when
 *   no region is set anywhere
 */
export function ecsLauncher(options: EcsLauncherOptions): Launcher {
  const ask = asker(options)
  return {
    start: async (args, { signal }) => {
      const found = await describe(options, ask, signal)
      const service = await serviceOf(options, ask, signal)
      const task = await runTask({ found, service, args }, options, { ask, signal })
      return launchOf(task, found, options, ask)
    },
    running: async () => [],
  }
}

type Ask = <T>(
  operation: EcsOperation,
  signal: AbortSignal,
  run: (connected: EcsConnection) => Promise<T>,
) => Promise<T>

function asker(options: EcsLauncherOptions): Ask {
  const connection = ecsConnector(options)
  const subject = (operation: EcsOperation): string =>
    lastPart(operation === 'DescribeServices' ? options.service : options.taskDefinition)
  return async (operation, signal, run) => {
    signal.throwIfAborted()
    const connected = await connection()
    try {
      return await run(connected)
    } catch (error) {
      const service = `${lastPart(options.cluster)}/${subject(operation)}`
      throw translated(classifyEcs(error, { service, operation, signal }), error, options)
    }
  }
}

/** A refusal of what was asked. RunTask sends no secret, so ECS may be quoted. */
function translated(
  classified: RotatorError,
  error: unknown,
  { taskDefinition }: EcsLauncherOptions,
): RotatorError {
  if (!isRotatorError(classified) || classified.code !== 'ERR_ECS_REFUSED') return classified
  const { action } = classified.details
  const says = error instanceof Error ? oneLine(error.message) : ''
  const problem = [classified.details.problem, says].filter((part) => part !== '').join(': ')
  const options = { cause: classified.cause }
  return action === 'ecs:DescribeTaskDefinition'
    ? new RotatorError('ERR_TASK_DEFINITION', { taskDefinition, problem }, options)
    : new RotatorError('ERR_TASK_REFUSED', { task: lastPart(taskDefinition), problem }, options)
}

async function describe(
  { taskDefinition, container }: EcsLauncherOptions,
  ask: Ask,
  signal: AbortSignal,
): Promise<RunnableDefinition> {
  const definition = await ask('DescribeTaskDefinition', signal, async ({ sdk, client }) => {
    const command = new sdk.DescribeTaskDefinitionCommand({ taskDefinition })
    return (await client.send(command, { abortSignal: signal })).taskDefinition
  })
  return runnable(taskDefinition, definition, container)
}

async function serviceOf(
  { cluster, service }: EcsLauncherOptions,
  ask: Ask,
  signal: AbortSignal,
): Promise<Service> {
  return await ask('DescribeServices', signal, async ({ sdk, client }) => {
    const command = new sdk.DescribeServicesCommand({ cluster, services: [service] })
    const { services: [one] = [], failures } = await client.send(command, { abortSignal: signal })
    if (one) return one
    const problem = failures?.[0]?.reason ?? 'ECS describes none'
    const where = `${lastPart(cluster)}/${lastPart(service)}`
    throw new RotatorError('ERR_ECS_UNKNOWN', { service: where, problem })
  })
}

interface Wanted {
  readonly found: RunnableDefinition
  readonly service: Service
  readonly args: readonly string[]
}

async function runTask(
  { found, service, args }: Wanted,
  { cluster, token }: EcsLauncherOptions,
  { ask, signal }: { readonly ask: Ask; readonly signal: AbortSignal },
): Promise<Task> {
  const { networkConfiguration, launchType } = service
  return await ask('RunTask', signal, async ({ sdk, client }) => {
    const command = new sdk.RunTaskCommand({
      cluster,
      taskDefinition: found.arn,
      count: 1,
      launchType: found.isFargate ? 'FARGATE' : (launchType ?? 'EC2'),
      ...networkOf(networkConfiguration),
      overrides: { containerOverrides: [{ name: found.container, command: [...args] }] },
      startedBy: 'cuedot',
      clientToken: token,
    })
    const { tasks: [task] = [], failures = [] } = await client.send(command, {
      abortSignal: signal,
    })
    if (task?.taskArn !== undefined) return task
    const { reason = 'no task and no reason', detail } = failures[0] ?? {}
    const problem = [reason, ...(detail === undefined ? [] : [oneLine(detail)])].join(': ')
    throw new RotatorError('ERR_TASK_REFUSED', { task: lastPart(found.arn), problem })
  })
}

function networkOf(networkConfiguration: NetworkConfiguration | undefined): {
  readonly networkConfiguration?: NetworkConfiguration
} {
  return networkConfiguration === undefined ? {} : { networkConfiguration }
}

function launchOf(
  { taskArn = '' }: Task,
  { container, log }: RunnableDefinition,
  options: EcsLauncherOptions,
  ask: Ask,
): Launch {
  const { cluster, openLog, doubtMs = DOUBT_MS } = options
  const id = lastPart(taskArn)
  const begunAt = performance.now()
  const stream = log && `${log.streamPrefix}/${id}`
  const lines = log && stream !== undefined ? openLog(log, stream) : undefined
  const look = async ({ signal }: Call): Promise<LaunchState> => {
    const found = await ask('DescribeTasks', signal, async ({ sdk, client }) => {
      const command = new sdk.DescribeTasksCommand({ cluster, tasks: [taskArn] })
      return await client.send(command, { abortSignal: signal })
    })
    const [task] = found.tasks ?? []
    if (task) return judgeTask(task, container)
    const why = `ECS does not show the task (${found.failures?.[0]?.reason ?? 'no reason'})`
    return performance.now() - begunAt < doubtMs
      ? { state: 'waiting', why }
      : { state: 'failed', why }
  }
  return {
    name: `task ${lastPart(cluster)}/${id}`,
    logCommand: log && `aws logs tail ${log.group} --follow --log-stream-names ${stream ?? ''}`,
    logLagMs: lines ? LOG_LAG_MS : 0,
    look,
    readLog: async (call) => (await lines?.read(call)) ?? [],
  }
}
