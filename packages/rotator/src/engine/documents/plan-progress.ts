import type { LastRecord, RotationRecord } from '@cuedot/client/protocol'
import type { PlanProgress } from '../../domain/approval.ts'

interface Records {
  readonly rotation?: RotationRecord
  readonly last?: LastRecord
}

/** How far the plan with this hash has come, by the records of the versions that have a label. */
export function planProgress(
  hash: string,
  found: {
    readonly current: Records
    readonly pending: Records | undefined
    readonly turningBack: boolean
  },
): PlanProgress {
  const { current, pending, turningBack } = found
  const { last } = current
  const isOpen = [current.rotation, pending?.rotation].some((record) => record?.plan === hash)
  const isClosing = pending?.last?.plan === hash && pending.last.id !== last?.id
  if (isOpen || isClosing) return { begun: true, turningBack }
  if (last?.plan !== hash) return { begun: false, turningBack }
  return { begun: true, closedAs: last.outcome, turningBack }
}
