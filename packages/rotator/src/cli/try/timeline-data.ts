import type { Recorder, RotationMark } from './recorder.ts'
import type { Timeline, TimelineRotation } from './timeline-svg.ts'
import { USERS } from './workspace.ts'

/** Wide enough to be smooth, narrow enough to show when the user changes. */
const BUCKET_MS = 500

/** What was recorded, in milliseconds since the load began: whole buckets, while there was load. */
export function timelineOf(recorder: Recorder): Timeline {
  const { begun, samples, rotations } = recorder
  const count = Math.floor(((recorder.stopped ?? Date.now()) - begun) / BUCKET_MS)
  const endMs = count * BUCKET_MS
  const users = [USERS.A, USERS.B]
  const buckets = Array.from({ length: count }, () => ({
    served: users.map(() => 0),
    failed: 0,
  }))
  for (const { at, user, error } of samples) {
    const bucket = buckets[Math.max(0, Math.floor((at - begun) / BUCKET_MS))]
    if (!bucket) continue
    if (error !== undefined) bucket.failed += 1
    const which = users.findIndex((name) => name === user)
    if (which >= 0) bucket.served[which] = (bucket.served[which] ?? 0) + 1
  }
  return {
    endMs,
    served: recorder.served,
    failed: recorder.failed,
    bucketMs: BUCKET_MS,
    users,
    buckets,
    rotations: rotations.map((mark) => rotationOf(mark, begun, endMs)),
  }
}

function rotationOf(mark: RotationMark, begun: number, endMs: number): TimelineRotation {
  const turned = mark.steps.find(({ name }) => name === 'turn')
  return {
    label: `${mark.number}`,
    outcome: mark.outcome ?? 'not finished',
    from: mark.begun - begun,
    to: (mark.ended ?? begun + endMs) - begun,
    ...(mark.killed !== undefined && { killed: mark.killed - begun }),
    ...(turned && { turned: turned.begun - begun }),
    steps: mark.steps.map((step, index) => ({
      name: step.name,
      from: step.begun - begun,
      to: (step.ended ?? begun + endMs) - begun,
      // What makes a rotation turn back went wrong, also where the step itself found that out.
      cut: step.end !== 'applied' || mark.steps[index + 1]?.name === 'turn',
    })),
  }
}
