import type { PodSpec } from './kubernetes-node.ts'
import type { Stored } from './kubernetes-store.ts'

/** The part of a Deployment's spec that the controller looks at. */
export interface DeploymentSpec {
  /** Default 1. */
  readonly replicas?: number
  readonly paused?: boolean
  /** Default 600. */
  readonly progressDeadlineSeconds?: number
  readonly template: {
    readonly metadata?: {
      readonly labels?: Readonly<Record<string, string>>
      readonly annotations?: Readonly<Record<string, string>>
    }
    readonly spec: PodSpec
  }
}

/** The label that tells pods of one template from those of another. */
export const HASH = 'pod-template-hash'

/** What the status of a Deployment is made of. */
interface Seen {
  readonly pods: readonly Stored[]
  /** Of the newest template that was rolled. */
  readonly hash: string
  readonly progress: Progress
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

/** When a rollout last came on, for its deadline. */
export class Progress {
  hash = ''
  #since = 0
  #state = ''
  #isComplete = false

  /** @returns true when this is another template than before */
  begins(hash: string): boolean {
    if (hash === this.hash) return false
    this.hash = hash
    this.#since = performance.now()
    this.#isComplete = false
    return true
  }

  /** Any change of the counts is progress. */
  note(state: string, isComplete: boolean): void {
    if (state !== this.#state) this.#since = performance.now()
    this.#state = state
    this.#isComplete = isComplete
  }

  /** Milliseconds until the deadline passes; undefined when it has or none counts. */
  deadlineInMs({ progressDeadlineSeconds = 600, paused }: DeploymentSpec): number | undefined {
    if (this.#isComplete || paused === true) return undefined
    const left = this.#since + progressDeadlineSeconds * 1000 - performance.now()
    return left > 0 ? Math.ceil(left) + 1 : undefined
  }
}

/** The status, as the controller writes it: counts of 0 are left out. */
export function statusOf(deployment: Stored, { pods, hash, progress }: Seen): object {
  const spec = deployment['spec'] as DeploymentSpec
  const wanted = spec.replicas ?? 1
  const fresh = pods.filter(({ metadata }) => metadata.labels?.[HASH] === hash)
  const counts = {
    replicas: pods.length,
    updatedReplicas: fresh.length,
    readyReplicas: pods.filter(isReady).length,
    availableReplicas: pods.filter(isReady).length,
    unavailableReplicas: Math.max(0, wanted - pods.filter(isReady).length),
  }
  const { replicas, updatedReplicas: updated, availableReplicas: available } = counts
  const isComplete = updated === wanted && replicas === wanted && available === wanted
  progress.note(JSON.stringify(counts), isComplete)
  return {
    observedGeneration: deployment.metadata.generation,
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    conditions: [
      available >= wanted ? AVAILABLE : UNAVAILABLE,
      progressing(isComplete, progress, spec),
    ],
  }
}

function progressing(isComplete: boolean, progress: Progress, spec: DeploymentSpec): Condition {
  if (spec.paused === true) return condition('Progressing', 'Unknown', 'DeploymentPaused')
  if (isComplete) return condition('Progressing', 'True', 'NewReplicaSetAvailable')
  const isLate = progress.deadlineInMs(spec) === undefined
  return isLate
    ? condition('Progressing', 'False', 'ProgressDeadlineExceeded')
    : condition('Progressing', 'True', 'ReplicaSetUpdated')
}

function condition(type: string, status: string, reason: string): Condition {
  return { type, status, reason, message: `${type}: ${reason}` }
}

const AVAILABLE: Condition = condition('Available', 'True', 'MinimumReplicasAvailable')
const UNAVAILABLE: Condition = condition('Available', 'False', 'MinimumReplicasUnavailable')

/** True for a pod whose condition says so. */
export function isReady(pod: Stored): boolean {
  const { conditions = [] } = (pod['status'] ?? {}) as {
    conditions?: readonly { type: string; status: string }[]
  }
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
}
