import type { RotationEvent } from '../../domain/events.ts'
import type { Sample } from './requests.ts'

/** How a step of the runbook ended; `cut` when its process was killed. */
export type StepEnd = 'applied' | 'failed' | 'cut'

/** A step of the runbook on the timeline. Times in milliseconds since 1970. */
export interface StepMark {
  /** The step's name, with the runtime's for a roll: `roll workers`. */
  readonly name: string
  readonly begun: number
  ended?: number
  end?: StepEnd
}

/** What happened in one rotation, over all its runs. Times in milliseconds since 1970. */
export interface RotationMark {
  readonly number: number
  /** The users it goes from and to. */
  readonly from: string
  readonly to: string
  readonly begun: number
  readonly steps: StepMark[]
  ended?: number
  /** When its process was killed. */
  killed?: number
  /** In a word or two. */
  outcome?: string
}

/** Everything that was seen: what the live view shows and the timeline is drawn from. */
export class Recorder {
  readonly begun: number = Date.now()
  /** When the clients were told to stop; what was in flight then is counted, too. */
  stopped: number | undefined
  readonly samples: Sample[] = []
  readonly rotations: RotationMark[] = []
  readonly errors: Map<string, number> = new Map()

  take(samples: readonly Sample[]): void {
    for (const sample of samples) {
      this.samples.push(sample)
      if (sample.error !== undefined)
        this.errors.set(sample.error, (this.errors.get(sample.error) ?? 0) + 1)
    }
  }

  get failed(): number {
    return [...this.errors.values()].reduce((sum, count) => sum + count, 0)
  }

  get served(): number {
    return this.samples.length - this.failed
  }

  /** Samples that ended within the last `ms` milliseconds. */
  recent(ms: number): readonly Sample[] {
    const since = Date.now() - ms
    let from = this.samples.length
    while (from > 0 && (this.samples[from - 1]?.at ?? 0) >= since) from -= 1
    return this.samples.slice(from)
  }

  get rotation(): RotationMark | undefined {
    const last = this.rotations.at(-1)
    return last?.ended === undefined ? last : undefined
  }

  beginRotation(from: string, to: string): RotationMark {
    const mark = { number: this.rotations.length + 1, from, to, begun: Date.now(), steps: [] }
    this.rotations.push(mark)
    return mark
  }

  /** True for a moment within a rotation. */
  isDuring(at: number): boolean {
    return this.rotations.some(({ begun, ended }) => at >= begun && at <= (ended ?? at))
  }
}

/** Notes what an event says about the steps of a rotation. */
export function noteEvent(mark: RotationMark, event: RotationEvent): void {
  const at = Date.parse(event.at)
  if (event.code === 'STEP_STARTED') mark.steps.push({ name: stepName(event), begun: at })
  else if (event.code === 'STEP_APPLIED') endStep(mark, at, 'applied')
  else if (event.code === 'STEP_FAILED') endStep(mark, at, 'failed')
}

/** Ends the step that is under way, if one is. */
export function endStep(mark: RotationMark, at: number, end: StepEnd): void {
  const step = mark.steps.at(-1)
  if (step === undefined || step.ended !== undefined) return
  step.ended = at
  step.end = end
}

/** `roll workers`, `publish env`, `drain`. */
export function stepName(event: { readonly step: string; readonly where?: string }): string {
  return event.where === undefined ? event.step : `${event.step} ${event.where}`
}
