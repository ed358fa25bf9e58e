import type { SlotDocument } from '@cuedot/client/protocol'
import { homeOf } from '../../domain/initial.ts'
import type { PendingKind } from '../../domain/observed.ts'
import { rotationFacts } from './record.ts'

/**
 * What a pending slot document would make of the current one. It must be one of the shapes that a
 * step stages; anything else was written by somebody else.
 *
 * A version that was promoted keeps AWSPENDING until the next one is staged. When an operator then
 * edits the secret, AWSPENDING stays behind on a version whose work is done: that is `none`.
 */
export function classifyPending(current: SlotDocument, pending: SlotDocument): PendingKind {
  if (pending.rotation === undefined) return closing(current, pending)
  return current.rotation ? turning(current, pending) : opening(current, pending)
}

function closing(current: SlotDocument, { last, active }: SlotDocument): PendingKind {
  if (last === undefined) return 'foreign'
  // An adoption that was not finished: nothing of it is in force, and `adopt` stages it again.
  if (last.outcome === 'adopted') return 'none'
  const { rotation } = current
  if (rotation === undefined && last.id === current.last?.id) return 'none'
  if (active !== current.active) return 'foreign'
  if (rotation && last.id !== rotation.id) return 'foreign'
  if (last.outcome === 'backed-out' || last.outcome === 'rehearsed') return 'undo'
  if (rotation) return 'retire'
  return last.outcome === 'healed' ? 'heal' : 'foreign'
}

function opening(current: SlotDocument, { rotation, active }: SlotDocument): PendingKind {
  if (rotation === undefined) return 'foreign'
  if (rotation.id === current.last?.id) return 'none'
  if (rotation.back_out !== undefined || active !== rotation.to) return 'foreign'
  return rotation.heals === true || current.active === rotation.from ? 'open' : 'foreign'
}

function turning(current: SlotDocument, { rotation, active }: SlotDocument): PendingKind {
  if (rotation === undefined || rotation.id !== current.rotation?.id) return 'foreign'
  const turns = rotation.back_out !== undefined
  const turned = current.rotation.back_out !== undefined
  if (!turns || turned) return 'none'
  return active === homeOf(rotationFacts(current.rotation)) ? 'turn' : 'foreign'
}
