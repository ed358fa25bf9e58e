import { runningTasks } from './ecs-deployment.ts'
import type { FakeDeployment } from './ecs-deployment.ts'
import { AwsRefusal } from './aws-refusal.ts'
import { ACCOUNT, lastPart, text, texts } from './ecs-json.ts'
import type { Json } from './ecs-json.ts'
import { describeTaskDefinition, describeTasks, runTask, stopTask } from './ecs-run.ts'
import type { AloneTask, DefinitionSpec, RunOutcome, TaskRequest } from './ecs-run.ts'
import type { ServiceMachine } from './ecs-service.ts'

/** A cluster of the fake. */
export interface Cluster {
  readonly name: string
  readonly services: ReadonlyMap<string, ServiceMachine>
  readonly definitions: readonly DefinitionSpec[]
  /** Tasks that were run by themselves, by ARN. */
  readonly tasks: Map<string, AloneTask>
  /** Their ARNs by client token. */
  readonly tokens: Map<string, string>
  /** What a task that is run by itself runs. */
  readonly run: (request: TaskRequest) => RunOutcome
  /** Gets what containers with the log driver `awslogs` print. */
  readonly log: ((at: LogAt, line: string) => void) | undefined
}

/** A log stream. */
export interface LogAt {
  readonly group: string
  readonly stream: string
}

/** By name. @see Amazon ECS API reference, the page of each action */
export const ecsActions: ReadonlyMap<string, (cluster: Cluster, body: Json) => Json> = new Map([
  ['DescribeServices', describeServices],
  ['UpdateService', updateService],
  ['DescribeTaskDefinition', describeTaskDefinition],
  ['RunTask', inCluster(runTask)],
  ['DescribeTasks', inCluster(describeTasks)],
  ['StopTask', inCluster(stopTask)],
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
  if (!service) throw new AwsRefusal('ServiceNotFoundException', 'Service not found.')
  if (service.status !== 'ACTIVE')
    throw new AwsRefusal('ServiceNotActiveException', 'Service was not ACTIVE.')
  const force = body['forceNewDeployment'] === true
  const { controller = 'ECS' } = service.spec
  if (force && controller !== 'ECS')
    throw new AwsRefusal('InvalidParameterException', `Cannot force a deployment: ${controller}.`)
  const { desiredCount, taskDefinition } = body
  if (typeof desiredCount === 'number') service.scale(desiredCount)
  if (typeof taskDefinition === 'string') service.deploy(lastPart(taskDefinition))
  else if (force) service.deploy()
  return { service: tell(cluster, service) }
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
    ...(spec.network && { networkConfiguration: { awsvpcConfiguration: spec.network } }),
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

type Action = (cluster: Cluster, body: Json) => Json

function inCluster(action: Action): Action {
  return (cluster, body) => {
    demandCluster(cluster, body)
    return action(cluster, body)
  }
}

function demandCluster({ name }: Cluster, body: Json): void {
  if (lastPart(text(body['cluster'])) !== name)
    throw new AwsRefusal('ClusterNotFoundException', 'Cluster not found.')
}

/** Timestamps of this protocol: seconds, with the milliseconds as a fraction. */
function seconds(at: Date): number {
  return at.getTime() / 1000
}
