import type { VisitResult } from '../engine/four-steps/types.ts'
import type { RotationEvent } from './event.ts'

/**
 * One line in CloudWatch's embedded metric format: how long the step took and whether it failed,
 * by secret and step. Lambda's log is where CloudWatch reads it.
 *
 * Namespace `cuedot`, dimensions `Secret` and `Step`; metrics `StepDuration` (milliseconds) and
 * `StepFailed` (0 or 1). `Outcome` and `Code` are properties of the line and no metrics.
 *
 * @see Amazon CloudWatch user guide, "Specification: Embedded metric format"
 */
export function figuresLine(event: RotationEvent, result: VisitResult, at: Date): object {
  const { outcome, code, durationMs, effects } = result
  const metrics = [
    { Name: 'StepDuration', Unit: 'Milliseconds' },
    { Name: 'StepFailed', Unit: 'Count' },
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
    Outcome: outcome,
    ...(code !== undefined && { Code: code }),
    Effects: effects,
  }
}
