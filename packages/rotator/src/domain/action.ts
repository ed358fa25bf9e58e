import type { Slot } from './slot.ts'

/** The steps of the runbook; `steps/runbook.ts` has them in reading order. */
export type StepName =
  | 'heal'
  | 'reinstate'
  | 'reconcile'
  | 'open'
  | 'rehearse'
  | 'provision'
  | 'grant'
  | 'set'
  | 'flip'
  | 'publish'
  | 'roll'
  | 'expire'
  | 'drain'
  | 'quarantine'
  | 'release'
  | 'stage'
  | 'retire'
  | 'evict'
  | 'close'
  | 'turn'
  | 'undo'
  | 'rebase'
  | 'ask'
  | 'await'

/**
 * Whose credential an action is about: a slot's, the one user's of a single-user target, or the
 * initial user's, to which a first rotation that turns back leads.
 */
export type Subject = Slot | 'user' | 'initial'

/** One decided effect. `where` names the config target of `publish` and the runtime of `roll`. */
export interface Action {
  readonly step: StepName
  readonly slot: Subject
  readonly where?: string
  /** Why it is due, in a sentence that a person on call understands. */
  readonly why: string
}

/** Two actions are the same when they would do the same; the reason may differ. */
export function sameAction(a: Action, b: Action): boolean {
  return a.step === b.step && a.slot === b.slot && a.where === b.where
}
