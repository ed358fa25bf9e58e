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

const AS_BEFORE = 'Applications go on with AWSCURRENT, which nobody has changed.'

/** The step's goal is reached. */
export function settledBy(what: string): Told {
  return { outcome: 'done', what, state: '', todo: '' }
}

/** What was found, and who or what is in the way. */
export function refusedBy({ code, why }: Refused, database: SeenDatabase | undefined): Told {
  const about = [why]
  if (code === 'STANDBY_IN_USE' && database) about.push(describeSessions(database.sessions))
  if (code === 'PRIVILEGES_DIFFER' && database) about.push(`it lacks: ${database.lacks.join(', ')}`)
  return refused(code, about.join('; '))
}

function refused(code: RefusalCode, why: string): Told {
  const { what, hint } = REFUSALS[code]
  return { outcome: 'refused', code, what: `${what} (${why})`, state: AS_BEFORE, todo: hint }
}

/** What the servers and the admin's secret have said; undefined for anything else. */
export function refusalOf(error: unknown): Told | undefined {
  if (error instanceof AdminElsewhere) return refused('ADMIN_ELSEWHERE', error.message)
  if (error instanceof NoAdmin) return refused('ADMIN_LOST', error.message)
  if (!(error instanceof Locked)) return undefined
  return {
    outcome: 'failed',
    code: 'LOCKED',
    what: `Another rotator works on this secret: ${error.message}.`,
    state: AS_BEFORE,
    todo: 'Nothing: Secrets Manager repeats the rotation. If it repeats, look at the other one.',
  }
}

/** Only a set password of one user is felt by applications, until finishSecret has come. */
export function endedBy(
  { code, message, hint }: AnyRotatorError,
  effects: readonly FourStepEffect[],
): Told {
  const isPutBack = effects.includes('put-back')
  const isSet = effects.includes('set')
  const state = isPutBack
    ? 'The password that AWSCURRENT has was put back into the database: applications go on with it.'
    : isSet
      ? 'The database has been told the staged password; AWSPENDING has it.'
      : AS_BEFORE
  return { outcome: 'failed', code, what: message, state, todo: hint }
}
