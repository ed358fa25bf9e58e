import type { ContainerDefinition, TaskDefinition } from '@aws-sdk/client-ecs'
import { RotatorError } from '../../errors.ts'

/** Where a container's output goes in CloudWatch Logs. */
export interface LogPlace {
  readonly group: string
  /** All of the stream's name but the id of the task. */
  readonly streamPrefix: string
  readonly region?: string
}

/** What of a task definition is needed to run a command in it. */
export interface RunnableDefinition {
  /** With the revision, so that what was looked at is what runs. */
  readonly arn: string
  readonly container: string
  readonly isFargate: boolean
  /** Undefined where its output goes elsewhere. */
  readonly log?: LogPlace
}

/**
 * Takes a task definition apart.
 * @param name - of the container that runs cuedot. Default: the only one that is essential
 * @throws ERR_TASK_DEFINITION where no such container is in it
 * @see Amazon ECS developer guide, "Send Amazon ECS logs to CloudWatch": `awslogs-stream-prefix`,
 *   the name of the container and the id of the task make the name of the stream
 */
export function runnable(
  taskDefinition: string,
  definition: TaskDefinition | undefined,
  name: string | undefined,
): RunnableDefinition {
  const { containerDefinitions = [], taskDefinitionArn: arn = taskDefinition } = definition ?? {}
  const { requiresCompatibilities = [] } = definition ?? {}
  const container = choose(containerDefinitions, name)
  if (container?.name === undefined) {
    const names = containerDefinitions.map((one) => one.name ?? '?').join(', ')
    const problem =
      name === undefined
        ? `it has several containers, name one: ${names}`
        : `it has no container ${name}; there are: ${names}`
    throw new RotatorError('ERR_TASK_DEFINITION', { taskDefinition, problem })
  }
  const log = logOf(container)
  const isFargate = requiresCompatibilities.includes('FARGATE')
  return { arn, container: container.name, isFargate, ...(log && { log }) }
}

function choose(
  containers: readonly ContainerDefinition[],
  name: string | undefined,
): ContainerDefinition | undefined {
  if (name !== undefined) return containers.find((one) => one.name === name)
  const essential = containers.filter((one) => one.essential !== false)
  return essential.length === 1 ? essential[0] : undefined
}

function logOf({ name = '', logConfiguration }: ContainerDefinition): LogPlace | undefined {
  const { logDriver, options = {} } = logConfiguration ?? {}
  const group = options['awslogs-group']
  const prefix = options['awslogs-stream-prefix']
  const region = options['awslogs-region']
  if (logDriver !== 'awslogs' || group === undefined || prefix === undefined) return undefined
  return { group, streamPrefix: `${prefix}/${name}`, ...(region !== undefined && { region }) }
}
