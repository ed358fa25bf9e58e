import type { Deployment, Service } from '@aws-sdk/client-ecs'
import type { RollState } from '../../ports/runtime.ts'
import { newestEvents, oneLine } from './events.ts'

/** The deployment that a roll has started. */
export interface Followed {
  readonly id: string
  /** By ECS's clock. */
  readonly createdAt: Date
}

/** What is to be said of a followed deployment. `absent`: ECS shows no trace of it, maybe yet. */
export type Judgement = RollState | { readonly state: 'absent'; readonly why: string }

/** The newest deployment, which ECS calls PRIMARY. */
export function primaryOf({ deployments = [] }: Service): Deployment | undefined {
  return deployments.find(({ status }) => status === 'PRIMARY')
}

/** As something to follow; undefined where ECS names no id or no time. */
export function followed(deployment: Deployment | undefined): Followed | undefined {
  const { id, createdAt } = deployment ?? {}
  return id === undefined || createdAt === undefined ? undefined : { id, createdAt }
}

/**
 * How far a deployment has come, told by its id alone: that a service is stable says nothing, since
 * the circuit breaker makes it stable on what ran before.
 *
 * `done` needs PRIMARY, COMPLETED and no task of an earlier deployment that still runs.
 * @see Amazon ECS API reference, Deployment: `status`, `rolloutState`
 */
export function judge(service: Service, { id, createdAt }: Followed): Judgement {
  const { deployments = [], events } = service
  const ours = deployments.find((deployment) => deployment.id === id)
  const primary = primaryOf(service)
  const tell = (what: string, reason?: string): string =>
    [what, ...(reason === undefined ? [] : [oneLine(reason)]), ...newestEvents(events, createdAt)]
      .filter((part) => part !== '')
      .join('; ')
  if (ours?.rolloutState === 'FAILED')
    return { state: 'failed', why: tell(`deployment ${id} has failed`, ours.rolloutStateReason) }
  if (ours?.status === 'PRIMARY') return running(service, ours, tell)
  const other = primary?.id ?? 'none'
  const says = primary?.rolloutStateReason
  if (primary?.createdAt !== undefined && primary.createdAt > createdAt)
    return {
      state: 'failed',
      why: tell(`deployment ${id} was replaced by a later one, ${other}`, says),
    }
  if (ours)
    return {
      state: 'failed',
      why: tell(`deployment ${id} was given up: ECS went back to ${other}`, says),
    }
  return { state: 'absent', why: tell(`deployment ${id} is gone: ECS shows ${other}`, says) }
}

type Tell = (what: string, reason?: string) => string

function running(service: Service, ours: Deployment, tell: Tell): RollState {
  const { deployments = [] } = service
  const { runningCount = 0, pendingCount = 0, failedTasks = 0, rolloutState } = ours
  const desired = ours.desiredCount ?? 0
  const left = deployments
    .filter((deployment) => deployment !== ours)
    .reduce((sum, one) => sum + (one.runningCount ?? 0) + (one.pendingCount ?? 0), 0)
  if (service.desiredCount === 0 && runningCount + pendingCount + left === 0)
    return { state: 'done', why: 'the desired count is 0: no task runs, so none was replaced' }
  const counts =
    `deployment ${ours.id}: ${runningCount} of ${desired} tasks run, ${pendingCount} pending, ` +
    `${failedTasks} failed; ${left} of earlier deployments`
  const complete = rolloutState === undefined ? isSteady(ours) : rolloutState === 'COMPLETED'
  if (complete && left === 0) return { state: 'done' }
  // What ECS says of a deployment that goes well is of no use to anybody.
  const why = failedTasks > 0 ? tell(counts, ours.rolloutStateReason) : counts
  return { state: 'rolling', why }
}

/**
 * ECS tells no `rolloutState` of services behind a Classic Load Balancer.
 * @see Amazon ECS API reference, Deployment, `rolloutState`
 */
function isSteady({ runningCount, pendingCount, desiredCount }: Deployment): boolean {
  return runningCount === desiredCount && pendingCount === 0
}
