import type { Task } from '@aws-sdk/client-ecs'
import type { LaunchState } from '../../ports/launcher.ts'
import { oneLine } from './events.ts'

/**
 * How far a task has come. It is over when ECS says STOPPED; then its container has an exit code,
 * or it has never run.
 * @see Amazon ECS developer guide, "Amazon ECS task lifecycle"; "Viewing Amazon ECS stopped task
 *   errors"
 */
export function judgeTask(task: Task, container: string): LaunchState {
  const { lastStatus = 'UNKNOWN', stopCode, stoppedReason, containers = [] } = task
  const ours = containers.find(({ name }) => name === container)
  if (lastStatus !== 'STOPPED') {
    const state = lastStatus === 'RUNNING' || isEnding(lastStatus) ? 'running' : 'waiting'
    return { state, why: `it is ${lastStatus}` }
  }
  const says = [stopCode, stoppedReason, ours?.reason]
    .filter((part) => part !== undefined && part !== '')
    .map((part) => oneLine(part ?? ''))
    .join('; ')
  if (ours?.exitCode !== undefined) {
    const isOrdinary = stopCode === 'EssentialContainerExited' && ours.reason === undefined
    return { state: 'ended', exitCode: ours.exitCode, ...(!isOrdinary && { why: says }) }
  }
  return { state: 'failed', why: says === '' ? 'ECS says nothing of why' : says }
}

function isEnding(status: string): boolean {
  return ['DEACTIVATING', 'STOPPING', 'DEPROVISIONING'].includes(status)
}
