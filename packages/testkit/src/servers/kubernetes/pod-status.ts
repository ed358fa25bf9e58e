import type { Pod } from './pod-spec.ts'

/** What the container of a pod does. */
export type ContainerState =
  | { readonly kind: 'running'; readonly ready: boolean; readonly since: Date }
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string }
  /** It is not started again. */
  | { readonly kind: 'ended'; readonly exitCode: number; readonly since: Date }

/** How a container has ended. */
export interface ContainerEnd {
  readonly exitCode: number
  readonly restarts: number
}

/** The status of a pod on a node, as a kubelet writes it. */
export function statusOf(
  pod: Pod,
  state: ContainerState,
  more: { readonly ip: string; readonly last?: ContainerEnd | undefined },
): object {
  const [{ name, image }] = pod.spec.containers
  const ready = state.kind === 'running' && state.ready
  const now = new Date().toISOString()
  const condition = (type: string, holds: boolean): object => {
    return { type, status: holds ? 'True' : 'False', lastTransitionTime: now }
  }
  const { last } = more
  return {
    phase: phaseOf(state, last !== undefined),
    ...{ podIP: more.ip, podIPs: [{ ip: more.ip }], hostIP: '127.0.0.1' },
    conditions: [
      ...[condition('Initialized', true), condition('PodScheduled', true)],
      ...[condition('ContainersReady', ready), condition('Ready', ready)],
    ],
    containerStatuses: [
      {
        ...{ name, image, imageID: '', ready, started: state.kind === 'running' },
        restartCount: last?.restarts ?? 0,
        state: stateOf(state),
        ...(last && { lastState: { terminated: { exitCode: last.exitCode, reason: 'Error' } } }),
      },
    ],
  }
}

function phaseOf(state: ContainerState, hasRun: boolean): string {
  if (state.kind === 'ended') return state.exitCode === 0 ? 'Succeeded' : 'Failed'
  return state.kind === 'running' || hasRun ? 'Running' : 'Pending'
}

function stateOf(state: ContainerState): object {
  if (state.kind === 'ended') {
    const { exitCode } = state
    const reason = exitCode === 0 ? 'Completed' : 'Error'
    const [startedAt, finishedAt] = [state.since, new Date()].map((at) => at.toISOString())
    return { terminated: { exitCode, reason, startedAt, finishedAt } }
  }
  if (state.kind === 'running') return { running: { startedAt: state.since.toISOString() } }
  return { waiting: { reason: state.reason, message: state.message } }
}

/** The status of a pod that no node takes, as a scheduler writes it. */
export function unschedulable(): object {
  return {
    conditions: [
      {
        ...{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
        message: '0/1 nodes are available: 1 Insufficient cpu.',
        lastTransitionTime: new Date().toISOString(),
      },
    ],
  }
}
