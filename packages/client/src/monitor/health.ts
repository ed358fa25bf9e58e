import type { RotationStatus } from './status.ts'

/** What an alarm is set on, and a sentence for whom it wakes. */
export interface RotationHealth {
  /**
   * - `ok`: rotations are on, and the next one is not late.
   * - `in progress`: one has begun and has not ended.
   * - `overdue`: the next one is late, or one that has begun does not end.
   * - `disabled`: there are none: they are off, the secret will be deleted, or it has no version.
   */
  readonly health: 'ok' | 'in progress' | 'overdue' | 'disabled'
  readonly reason: string
}

/** The health of a rotation. The reason names versions and times, and nothing of the secret. */
export function rotationHealth(status: RotationStatus): RotationHealth {
  const off = whyDisabled(status)
  if (off !== undefined) return { health: 'disabled', reason: off }
  const late = whyLate(status)
  if (late !== undefined) return { health: 'overdue', reason: late }
  if (status.inProgress)
    return { health: 'in progress', reason: `version ${status.pendingVersionId} is AWSPENDING` }
  const { nextRotation: next } = status
  return { health: 'ok', reason: next ? `next by ${next.toISOString()}` : 'no date is known' }
}

function whyDisabled(status: RotationStatus): string | undefined {
  const { deletedOn, rotationEnabled, currentVersionId, managedBy } = status
  if (deletedOn) return `the secret will be deleted on ${deletedOn.toISOString()}`
  if (!rotationEnabled) {
    const owner = managedBy === undefined ? '' : `: the secret is that of ${managedBy}`
    return `rotation is turned off${owner}`
  }
  return currentVersionId === undefined ? 'no version is AWSCURRENT' : undefined
}

function whyLate(status: RotationStatus): string | undefined {
  const { stuck, overdue, lastChanged, nextRotation, managedBy } = status
  const owner = managedBy === undefined ? '' : ` (${managedBy} rotates it)`
  const since = lastChanged?.toISOString() ?? ''
  if (stuck)
    return `version ${status.pendingVersionId} is AWSPENDING since ${since} or longer${owner}`
  const due = nextRotation?.toISOString() ?? ''
  return overdue ? `a rotation was due by ${due}${owner}` : undefined
}
