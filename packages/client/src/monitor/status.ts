import type { SecretDescription } from './description.ts'
import { nextRotation } from './schedule.ts'

/** How the rotation of a secret is doing. A plain object; what is not known is absent. */
export interface RotationStatus {
  /** As it was asked for. */
  readonly secretId: string
  readonly arn?: string
  readonly rotationEnabled: boolean
  /** The service that owns the secret and rotates it, as `rds`: nobody else may. */
  readonly managedBy?: string
  /** The version that is AWSCURRENT. */
  readonly currentVersionId?: string
  /** The version that is AWSPENDING, where that is not the current one as well. */
  readonly pendingVersionId?: string
  /**
   * A rotation has begun and has not ended: AWSPENDING is on another version than AWSCURRENT. After
   * one that has ended AWSPENDING may stay, on the current version.
   */
  readonly inProgress: boolean
  /** It is in progress, and nothing of the secret has changed for `stuckMs`. */
  readonly stuck: boolean
  readonly lastRotated?: Date
  /** When anything of the secret was last changed. */
  readonly lastChanged?: Date
  /** By when the next rotation has occurred. */
  readonly nextRotation?: Date
  /** Who says that: AWS itself, or its rules and the last rotation. */
  readonly nextRotationFrom?: 'aws' | 'rules'
  /** `nextRotation` and `graceMs` are over. */
  readonly overdue: boolean
  /** When the secret will be deleted. Until then its value cannot be read. */
  readonly deletedOn?: Date
}

/** What counts as late, in milliseconds. */
export interface Patience {
  readonly graceMs: number
  readonly stuckMs: number
}

/**
 * @see AWS Secrets Manager user guide, "Rotation by Lambda function": a rotation ends with
 *   AWSPENDING on the version of AWSCURRENT or on none, and none can begin while it is on another
 */
export function statusOf(
  secretId: string,
  description: SecretDescription,
  { now, graceMs, stuckMs }: Patience & { readonly now: Date },
): RotationStatus {
  const { ARN: arn, OwningService, LastRotatedDate, LastChangedDate, DeletedDate } = description
  const current = holderOf(description, 'AWSCURRENT')
  const pending = holderOf(description, 'AWSPENDING')
  const inProgress = pending !== undefined && pending !== current
  const next = nextRotation(description)
  const isOver = (date: Date | undefined, ms: number): boolean =>
    date !== undefined && now.getTime() > date.getTime() + ms
  return {
    secretId,
    ...(arn !== undefined && { arn }),
    rotationEnabled: description.RotationEnabled === true,
    ...(OwningService !== undefined && { managedBy: OwningService }),
    ...(current !== undefined && { currentVersionId: current }),
    ...(inProgress && { pendingVersionId: pending }),
    inProgress,
    stuck: inProgress && isOver(LastChangedDate, stuckMs),
    ...(LastRotatedDate && { lastRotated: LastRotatedDate }),
    ...(LastChangedDate && { lastChanged: LastChangedDate }),
    ...(next && { nextRotation: next.at, nextRotationFrom: next.from }),
    overdue: DeletedDate === undefined && isOver(next?.at, graceMs),
    ...(DeletedDate && { deletedOn: DeletedDate }),
  }
}

function holderOf(
  { VersionIdsToStages = {} }: SecretDescription,
  label: string,
): string | undefined {
  return Object.entries(VersionIdsToStages).find(([, labels]) => labels.includes(label))?.[0]
}
