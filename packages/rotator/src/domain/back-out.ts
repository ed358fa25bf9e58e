import { converge } from './converge.ts'
import { backToInitial, isFirst } from './initial.ts'
import type { TwoSlotFacts, RotationFacts } from './observed.ts'
import type { Decision } from './plan.ts'

/** A rotation that is being turned back: the same convergence, towards the slot it came from. */
export function backOut(o: TwoSlotFacts, r: RotationFacts): Decision {
  if (isFirst(r)) return backToInitial(o, r)
  const { from, to } = r
  if (o.login[from].locked || o.expires[from])
    return { kind: 'next', action: { step: 'release', slot: from, why: 'it is needed again' } }
  if (!o.login[from].current)
    return { kind: 'refused', code: 'BACK_OUT_IMPOSSIBLE', why: `slot ${from} does not log in` }
  if (o.store.pending === 'turn' && o.login[from].pending)
    return { kind: 'next', action: { step: 'flip', slot: from, why: 'the rotation turns back' } }
  if (o.store.active !== from)
    return {
      kind: 'refused',
      code: 'DOCUMENT_INCONSISTENT',
      why: 'a rotation that turns back must name the slot it came from',
    }
  const failed = o.runtimes.find((runtime) => runtime.roll === 'failed')
  if (failed) return { kind: 'refused', code: 'ROLL_FAILED', why: failed.why ?? failed.id }
  const lag = converge(o, from)
  if (lag) return lag
  if (o.sessions[to] > 0 || !o.quiet[to])
    return {
      kind: 'next',
      action: { step: 'drain', slot: to, why: `nobody may be left on slot ${to}` },
    }
  return { kind: 'next', action: { step: 'undo', slot: to, why: 'everyone is back' } }
}
