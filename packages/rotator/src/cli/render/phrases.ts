import { formatDuration } from '../../config/duration.ts'
import type { RotationEvent } from '../../domain/events.ts'

type StepEvent = Extract<RotationEvent, { readonly step: string }>

/** Step, slot and place, as `publish B at web`. */
export function nameOfStep({
  step,
  slot,
  where,
}: Pick<StepEvent, 'step' | 'slot' | 'where'>): string {
  const whose = slot === 'user' ? '' : ` ${slot}`
  return `${step}${whose}${where === undefined ? '' : ` at ${where}`}`
}

/** One event as one line, without time and target. */
export function phrase(event: RotationEvent): string {
  switch (event.code) {
    case 'RUN_STARTED':
      return `${event.intent} begins, by ${event.by}`
    case 'STEP_STARTED':
      return `${nameOfStep(event)}: ${event.title} (${event.why})`
    case 'STEP_WAITING':
      return `${nameOfStep(event)}: waiting (${formatDuration(event.waitedMs)}) for ${event.on}`
    case 'STEP_APPLIED':
      return `${nameOfStep(event)}: done in ${formatDuration(event.durationMs)}${saysOf(event)}`
    case 'STEP_FAILED':
      return `${nameOfStep(event)}: FAILED: ${event.message}`
    case 'RETRYING':
      return `${event.error}: trying again in ${formatDuration(event.inMs)} (${event.attempt})`
    case 'SESSIONS_ENDED':
      return `ending sessions that began with a leaked password: ${event.sessions}`
    case 'STORE_SETTLING':
      return `waiting ${formatDuration(event.waitMs)} until the store shows its latest state`
    case 'STOP_REQUESTED':
      return `stopping: ${event.signal}`
    case 'WINDOW_FORCED':
      return `outside of every window, forced; the next opens at ${event.opensAt ?? 'no time soon'}`
    case 'AUDIT_FAILED':
      return `NOT RECORDED: ${event.message}`
    case 'RUN_ENDED':
      return `ended after ${formatDuration(event.durationMs)}: ${outcomeOf(event)}`
  }
}

function saysOf({ evidence }: Extract<RotationEvent, { code: 'STEP_APPLIED' }>): string {
  return evidence?.says === undefined ? '' : ` (${evidence.says})`
}

function outcomeOf({ outcome, error }: { outcome: string; error?: string }): string {
  return error === undefined ? outcome : `${outcome} (${error})`
}
