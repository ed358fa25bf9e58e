import type { RotationEvent } from '../domain/events.ts'

/** Where coded events go: a terminal, JSON lines, a test. Must not throw. */
export interface EventSink {
  emit(event: RotationEvent): void
}
