import { REFUSALS } from '../../domain/refusals.ts'
import type { RefusalCode } from '../../domain/refusals.ts'
import type { RunResult } from '../../engine/result.ts'
import { describeFailure } from '../failure.ts'
import type { More, Status } from './status-line.ts'

/** What is given cannot be used; the message is what operators and their tools match on. */
export class Unusable extends Error {}

/** Nothing is done because acting could break something: a refusal, with its code. */
export class Refused extends Error {
  readonly code: RefusalCode

  constructor(code: RefusalCode) {
    const { what, hint } = REFUSALS[code]
    super(sentences(`${what} (${code})`, hint))
    this.code = code
  }
}

/** An error as the last line tells it. */
type Told = Omit<Extract<Status, { kind: 'error' }>, 'kind'>

/** What to tell about an error that stopped a run before it began. */
export function toldOf(error: unknown): Told {
  if (error instanceof Unusable) return { error: error.message, more: {} }
  if (error instanceof Refused)
    return { error: error.message, more: { outcome: 'refused', code: error.code } }
  const { what, state, todo, code } = describeFailure(error)
  return { error: sentences(what, state, todo), more: { code } }
}

/** What to tell about a run that did not do what was asked; `more` is told as well. */
export function toldOfRun(result: RunResult, more: More): Told {
  const { what, state, todo, outcome, code } = result
  return {
    error: sentences(what, state, todo),
    more: { ...more, outcome, ...(code !== undefined && { code }) },
  }
}

/** Sentences on one line: what happened, what state things are in, what to do. */
export function sentences(...parts: readonly string[]): string {
  return parts
    .filter((part) => part !== '')
    .map((part) => part.replaceAll(/\s+/g, ' ').trim())
    .map((part) => (/[.!?]$/.test(part) ? part : `${part}.`))
    .join(' ')
}
