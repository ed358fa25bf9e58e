import type { FourStepDecision, FourStepEffect } from '../../domain/four-steps.ts'
import { REFUSALS } from '../../domain/refusals.ts'
import type { RefusalCode } from '../../domain/refusals.ts'
import type { AnyRotatorError } from '../../errors.ts'
import { describeSessions } from '../../steps/drain.ts'
import type { SeenDatabase } from './acceptance.ts'
import { AdminElsewhere, Locked, NoAdmin } from './servers.ts'
import type { VisitResult } from './types.ts'

/** A result without its figures. */
export type Told = Pick<VisitResult, 'outcome' | 'code' | 'what' | 'state' | 'todo'>

type Refused = Extract<FourStepDecision, { readonly kind: 'refused' }>

const AS_BEFORE = 'AWSCURRENT is what it was, and so is what the database accepts.'
const NOT_MOVED = 'AWSCURRENT is what it was.'
const IN_FORCE = 'The database accepts the staged password, which AWSPENDING has.'

/** The step's goal is reached. */
export function settledBy(what: string): Told {
  return { outcome: 'done', what, state: '', todo: '' }
}

/** What was found, and who or what is in the way. */
export function refusedBy({ code, why }: Refused, database: SeenDatabase | undefined): Told {
  const about = [why]
  if (code === 'STANDBY_IN_USE' && database) about.push(describeSessions(database.sessions))
  if (code === 'PRIVILEGES_DIFFER' && database) about.push(`it lacks: ${database.lacks.join(', ')}`)
  const inForce = database?.facts.staged === 'accepted'
  return refused(code, about.join('; '), inForce ? IN_FORCE : NOT_MOVED)
}

function refused(code: RefusalCode, why: string, state: string): Told {
  const { what, hint } = REFUSALS[code]
  return { outcome: 'refused', code, what: `${what} (${why})`, state, todo: hint }
}

/** What the servers and the admin's secret have said; undefined for anything else. */
export function refusalOf(error: unknown): Told | undefined {
  if (error instanceof AdminElsewhere) return refused('ADMIN_ELSEWHERE', error.message, AS_BEFORE)
  if (error instanceof NoAdmin) return refused('ADMIN_LOST', error.message, AS_BEFORE)
  if (!(error instanceof Locked)) return undefined
  return {
    outcome: 'failed',
    code: 'LOCKED',
    what: `Another rotator works on this secret: ${error.message}.`,
    state: AS_BEFORE,
    todo: 'Nothing: Secrets Manager repeats the rotation. If it repeats, look at the other one.',
  }
}

/** What is known of the password that applications use. */
export function endedBy(
  { code, message, hint }: AnyRotatorError,
  effects: readonly FourStepEffect[],
): Told {
  const state = effects.includes('put-back')
    ? 'The password that AWSCURRENT has was put back into the database: applications go on with it.'
    : effects.includes('set')
      ? IN_FORCE
      : NOT_MOVED
  return { outcome: 'failed', code, what: message, state, todo: hint }
}

/** What the function was given cannot be used: nobody was asked for anything. */
export function unusable({ code, message, hint }: AnyRotatorError): VisitResult {
  const state = 'Nothing was looked at or changed.'
  const figures = { effects: [], durationMs: 0 }
  return { outcome: 'failed', code, what: message, state, todo: hint, ...figures }
}
