import type { EventSink } from '../../ports/events.ts'

/** Shows what a run tells; it never decides anything. */
export interface Renderer extends EventSink {
  /** A sentence from the command itself, such as what a signal leads to. */
  note(text: string): void
  /** Resolves when everything has been shown. */
  close(): Promise<void>
}
