import type { RotationEvent } from '../domain/events.ts'

/** Where coded events go: a terminal, JSON lines, a test. Must not throw. */
export interface EventSink {
  emit(event: RotationEvent): void
  /**
   * Why what was emitted last is not recorded, for sinks that must record it: a run that hears of
   * it before its first action refuses to begin, and later goes on.
   */
  readonly trouble?: Error | undefined
}
