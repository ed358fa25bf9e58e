import type { Deployment } from './objects.ts'

/** The annotation of the pod template that names the roll; pods carry it, too. */
export const ROTATION_ANNOTATION = 'cuedot.dev/rotation'

/** The annotation that says when, in UTC, as the OpenEMR rotator for EKS writes it. */
export const RESTARTED_ANNOTATION = 'credential-rotation/restartedAt'

/** What the Deployment says of a roll; `says` is a part of a sentence. */
export interface Verdict {
  readonly state: 'due' | 'rolling' | 'done' | 'failed'
  readonly says: string
}

/**
 * Judges the roll with this token from one look at the Deployment, by the rule of `kubectl rollout
 * status`: the controller has seen the newest spec, all replicas are updated, none is left of
 * before, all updated ones are available. A Deployment without replicas is done: nothing runs.
 *
 * Whoever rolls on top and keeps the annotation is judged by the same rule: its pods begin after
 * ours would have. A template without the annotation, as after `kubectl rollout undo`, is due.
 * @see k8s.io/kubectl, pkg/polymorphichelpers/rollout_status.go: DeploymentStatusViewer.Status
 */
export function judgeRollout(deployment: Deployment, token: string): Verdict {
  const annotations = deployment.spec.template.metadata?.annotations ?? {}
  if (annotations[ROTATION_ANNOTATION] !== token)
    return { state: 'due', says: 'its pods are from before' }
  const verdict = progress(deployment)
  if (verdict.state !== 'rolling' || deployment.spec.paused !== true) return verdict
  return { state: 'failed', says: `it is paused while ${verdict.says}` }
}

/** True when all that should run does run, on the newest template. */
export function progress(deployment: Deployment): Verdict {
  const { metadata, spec, status } = deployment
  if (status.observedGeneration < metadata.generation)
    return rolling('its controller has not seen the change yet')
  const stuck = status.conditions.find(({ type }) => type === 'Progressing')
  if (stuck?.reason === 'ProgressDeadlineExceeded')
    return { state: 'failed', says: `ProgressDeadlineExceeded: ${counted(deployment)}` }
  const { replicas } = spec
  const { updatedReplicas: updated, availableReplicas: available } = status
  if (updated < replicas || status.replicas > updated || available < updated)
    return rolling(counted(deployment))
  return {
    state: 'done',
    says: replicas === 0 ? 'it has 0 replicas, so nothing runs' : 'all is up',
  }
}

function rolling(says: string): Verdict {
  return { state: 'rolling', says }
}

function counted({ spec, status }: Deployment): string {
  const { updatedReplicas: updated, availableReplicas: available } = status
  const left = Math.max(0, status.replicas - updated)
  const parts = [
    `${updated} of ${spec.replicas} replicas are updated`,
    `${available} are available`,
  ]
  if (left > 0) parts.push(`${left} from before are left`)
  const failure = status.conditions.find(
    ({ type, status: holds }) => type === 'ReplicaFailure' && holds === 'True',
  )
  if (failure) parts.push(`${failure.reason ?? 'ReplicaFailure'}: ${cut(failure.message ?? '')}`)
  return parts.join(', ')
}

/** Messages of the API server may name a quota or a webhook; they hold no values of Secrets. */
function cut(message: string): string {
  return message.length > 200 ? `${message.slice(0, 199)}…` : message
}
