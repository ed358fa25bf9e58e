import type { StepName } from '../domain/action.ts'
import { ask } from './ask.ts'
import { awaitOwner } from './await.ts'
import { close } from './close.ts'
import { drain } from './drain.ts'
import { evict } from './evict.ts'
import { expire } from './expire.ts'
import { flip } from './flip.ts'
import { grant } from './grant.ts'
import { heal } from './heal.ts'
import { open } from './open.ts'
import { provision } from './provision.ts'
import { publish } from './publish.ts'
import { quarantine } from './quarantine.ts'
import { rebase } from './rebase.ts'
import { reconcile } from './reconcile.ts'
import { rehearse } from './rehearse.ts'
import { reinstate } from './reinstate.ts'
import { release } from './release.ts'
import { retire } from './retire.ts'
import { roll } from './roll.ts'
import { set } from './set.ts'
import { stage } from './stage.ts'
import type { Step } from './step.ts'
import { turn } from './turn.ts'
import { undo } from './undo.ts'

/**
 * The runbook, in reading order. A rotation goes down the first list; the second is what a run does
 * when the world is not as it should be. After the point of no return there is no way but forward.
 */
export const RUNBOOK: { readonly [N in StepName]: Step } = {
  open,
  provision,
  grant,
  set,
  flip,
  publish,
  roll,
  expire,
  drain,
  quarantine,
  stage,
  // ------------------------------------------------------------------ point of no return
  retire,
  evict,
  close,
  // ------------------------------------------------------------------ when things are not in order
  rehearse,
  heal,
  reinstate,
  reconcile,
  rebase,
  turn,
  release,
  undo,
  // ------------------------------------------------------------------ a managed credential
  ask,
  await: awaitOwner,
}
