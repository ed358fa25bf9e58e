import type { Subject } from '../domain/action.ts'
import type { StepEvidence } from '../domain/events.ts'
import type { Trouble } from '../domain/observed.ts'
import type { InitialPlaces, Sensitive } from '@cuedot/client/protocol'

/** What a run has seen for itself and nobody could tell it again. It dies with the run. */
export class Evidence {
  /** Slots that were watched for a whole quiet window. */
  readonly quiet: Set<Subject> = new Set()
  /** Working passwords that config targets hold and the document lacks. */
  readonly found: Map<Subject, Sensitive> = new Map()
  /** Rolls that are not waited for any longer, by runtime id and token, with the reason. */
  readonly givenUp: Map<string, string> = new Map()
  /** Slots whose quarantine was watched to its end. */
  readonly quarantined: Set<Subject> = new Set()
  /** What the action that is being applied has seen; taken when it has been applied. */
  #ofStep: StepEvidence | undefined
  /** What stands at each config target that holds the initial user, besides user and password. */
  initial: InitialPlaces = {}
  /** Consumers are being led back to the initial user, or were in this run. */
  returned = false
  /** The step that failed for good. */
  trouble: Trouble | undefined

  /** After a flip consumers are where nobody has watched them yet. */
  consumersMoved(): void {
    this.quiet.clear()
    this.quarantined.clear()
  }

  /** Adds to what the action that is being applied has seen. */
  noteStep(evidence: StepEvidence): void {
    this.#ofStep = { ...this.#ofStep, ...evidence }
  }

  /** What was noted since this was called last. */
  takeStep(): StepEvidence | undefined {
    const taken = this.#ofStep
    this.#ofStep = undefined
    return taken
  }
}
