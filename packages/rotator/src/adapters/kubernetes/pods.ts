import type { ContainerStatus, Pod, Selector } from './objects.ts'
import { ROTATION_ANNOTATION } from './rollout.ts'

/** More would bury the rest of the message. */
const MOST_NAMED = 3

/**
 * What keeps the pods of a roll from being ready, as `pod web-1: ImagePullBackOff`; empty where
 * nothing does. Only reasons: messages of containers may quote what an application printed.
 */
export function podTrouble(pods: readonly Pod[], token: string): string {
  const troubled = pods
    .filter(({ metadata }) => metadata.annotations?.[ROTATION_ANNOTATION] === token)
    .flatMap((pod) => {
      const reason = podReason(pod)
      return reason === undefined ? [] : [`pod ${pod.metadata.name}: ${reason}`]
    })
  const more = troubled.length - MOST_NAMED
  const named = troubled.toSorted().slice(0, MOST_NAMED).join(', ')
  return more > 0 ? `${named} and ${more} more` : named
}

/** Containers that are just being started wait, too. */
const STARTING: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing'])

/**
 * What keeps one pod from being ready; undefined where nothing does.
 * @see Kubernetes documentation, "Pod Lifecycle": container states, pod conditions
 */
export function podReason({ metadata, status = {} }: Pod): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined
  const { initContainerStatuses = [], containerStatuses = [], conditions = [] } = status
  for (const container of [...initContainerStatuses, ...containerStatuses]) {
    const reason = containerReason(container)
    if (reason !== undefined) return reason
  }
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled')
  if (scheduled?.status === 'False') return scheduled.reason ?? 'not scheduled'
  if (status.phase === 'Failed') return status.reason ?? 'Failed'
  const unready = containerStatuses.some(({ ready, state }) => !ready && state?.running)
  return unready ? 'runs and is not ready' : undefined
}

function containerReason({ state = {}, lastState = {} }: ContainerStatus): string | undefined {
  const waiting = state.waiting?.reason ?? ''
  const ended = state.terminated ?? lastState.terminated
  const exit = ended === undefined ? '' : ` (exit code ${ended.exitCode})`
  if (waiting !== '' && !STARTING.has(waiting)) return `${waiting}${exit}`
  if (state.terminated === undefined || state.terminated.exitCode === 0) return undefined
  return `${state.terminated.reason ?? 'Error'}${exit}`
}

/**
 * A selector as the query of a list takes it.
 * @see Kubernetes documentation, "Labels and Selectors"
 */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: Selector): string {
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`
  })
  return [...labels, ...expressions].join(',')
}
