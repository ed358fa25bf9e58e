import { randomInt } from 'node:crypto'
import type { EcsTask } from './ecs-task.ts'

/** One deployment of a service, as DescribeServices tells it. */
export interface FakeDeployment {
  readonly id: string
  readonly taskDefinition: string
  readonly createdAt: Date
  readonly tasks: Set<EcsTask>
  status: 'PRIMARY' | 'ACTIVE'
  rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'
  reason: string
  failedTasks: number
  /** It was complete once: the circuit breaker can go back to it. */
  hasCompleted: boolean
}

/** A message of the service. */
export interface FakeEvent {
  readonly id: string
  readonly createdAt: Date
  readonly message: string
}

/** A new deployment, not begun. */
export function newDeployment(taskDefinition: string, createdAt: Date): FakeDeployment {
  const id = `ecs-svc/${randomInt(10 ** 9, 10 ** 10)}${randomInt(10 ** 8, 10 ** 9)}`
  return {
    id,
    taskDefinition,
    createdAt,
    tasks: new Set(),
    status: 'PRIMARY',
    rolloutState: 'IN_PROGRESS',
    reason: `ECS deployment ${id} in progress.`,
    failedTasks: 0,
    hasCompleted: false,
  }
}

/** Its tasks that count towards the desired count. */
export function liveTasks({ tasks }: FakeDeployment): readonly EcsTask[] {
  return [...tasks].filter((task) => task.isLive)
}

/** Its tasks that take requests. */
export function healthyTasks({ tasks }: FakeDeployment): readonly EcsTask[] {
  return [...tasks].filter(({ state }) => state === 'healthy')
}

/** Its tasks whose process is there: a stopping one still is. */
export function runningTasks({ tasks }: FakeDeployment): readonly EcsTask[] {
  return [...tasks].filter(({ state }) => state !== 'pending' && state !== 'stopped')
}
