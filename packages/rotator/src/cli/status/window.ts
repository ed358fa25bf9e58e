import type { TargetConfig } from '../../config/types.ts'
import { timeText, windowState } from '../../domain/windows.ts'

/** Whether a rotation may be started now. */
export interface WindowStatus {
  readonly open: boolean
  /** ISO-8601, UTC; absent where it stays open. */
  readonly closesAt?: string
  /** ISO-8601, UTC; when the next one opens. */
  readonly opensAt?: string
  /** For people: also as the clocks of the windows show it. */
  readonly text: string
}

/** @returns undefined for a target without windows: it may be rotated at any time */
export function windowOf(config: TargetConfig | undefined, now: Date): WindowStatus | undefined {
  const windows = config?.windows
  if (windows === undefined) return undefined
  const state = windowState(windows, now)
  if (state.open) {
    const { open, closesAt } = state
    if (closesAt === undefined) return { open, text: 'open' }
    const text = `open until ${timeText(closesAt, windows)}`
    return { open, closesAt: closesAt.toISOString(), text }
  }
  const { open, opensAt } = state
  if (opensAt === undefined) return { open, text: 'closed, and none opens soon' }
  const text = `closed, opens at ${timeText(opensAt, windows)}`
  return { open, opensAt: opensAt.toISOString(), text }
}
