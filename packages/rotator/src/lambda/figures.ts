import type { VisitResult } from '../engine/four-steps/types.ts'
import type { ManagedEvent, RotationEvent } from './event.ts'

/**
 * One line in CloudWatch's embedded metric format: how long the step took, whether it failed and
 * how old the credential was, by secret and step. Lambda's log is where CloudWatch reads it.
 *
 * Namespace `cuedot`, dimensions `Secret` and `Step`; metrics `StepDuration` (milliseconds),
 * `StepFailed` (0 or 1) and, where it was read, `CredentialAge` (seconds). `Outcome` and `Code` are
 * properties of the line and no metrics.
 *
 * @see Amazon CloudWatch user guide, "Specification: Embedded metric format"
 */
export function figuresLine(
  event: RotationEvent | ManagedEvent,
  result: VisitResult,
  at: Date,
): object {
  const { outcome, code, durationMs, effects, ageMs } = result
  const age = ageMs === undefined ? {} : { CredentialAge: Math.round(ageMs / 1000) }
  const metrics = [
    { Name: 'StepDuration', Unit: 'Milliseconds' },
    { Name: 'StepFailed', Unit: 'Count' },
    ...Object.keys(age).map((Name) => ({ Name, Unit: 'Seconds' })),
  ]
  return {
    _aws: {
      Timestamp: at.getTime(),
      CloudWatchMetrics: [
        { Namespace: 'cuedot', Dimensions: [['Secret', 'Step']], Metrics: metrics },
      ],
    },
    Secret: event.secret,
    Step: event.step,
    StepDuration: durationMs,
    StepFailed: outcome === 'done' ? 0 : 1,
    ...age,
    Outcome: outcome,
    ...(code !== undefined && { Code: code }),
    Effects: effects,
  }
}
