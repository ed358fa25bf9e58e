import { isPlaceholder } from '@cuedot/client/protocol'
import type { PlanBasis } from '../domain/approval.ts'
import type { Observed } from '../domain/observed.ts'
import { SLOTS } from '../domain/slot.ts'
import { narrowIntent, plan } from '../domain/plan.ts'
import type { Intent, Plan } from '../domain/plan.ts'
import type { LockState, Session } from '../ports/database.ts'
import type { Target } from '../ports/target.ts'
import { basisOf } from './admission.ts'
import { Desk } from './desk.ts'
import type { AnyDocuments } from './desk.ts'
import type { Environment } from './environment.ts'
import { Observer } from './observe.ts'
import { AdminLost } from './session.ts'
import { ManagedDocuments } from './documents/managed-documents.ts'

/** One credential of a target, for whoever asks how old it is. Never the password. */
export interface CredentialStatus {
  readonly slot: 'A' | 'B' | 'user'
  readonly username: string
  /** True for the credential that applications should use. */
  readonly active: boolean
  /** When the password was made, ISO-8601 in UTC; absent where no record says so. */
  readonly changedAt?: string
}

/** What a target looks like to somebody who only looks. */
export interface Look {
  readonly target: string
  readonly observed: Observed
  readonly credentials: readonly CredentialStatus[]
  readonly lock: LockState
  /** Sessions of the target's users, as counted now. */
  readonly sessions: readonly Session[]
  /** What the standby user lacks, one readable line each. */
  readonly lacks: readonly string[]
  /** How the last rotation ended, as the document records it. */
  readonly last?: { readonly id: string; readonly outcome: string; readonly closed_at: string }
  /** What a run with the asked intent would do. */
  readonly plan: Plan
  /** What that plan rests on, for whoever approves it. */
  readonly basis: PlanBasis
}

/**
 * Observes a target and plans, changing nothing: no lock is taken, nothing is written.
 *
 * @returns undefined when no version of the admin secret logs in.
 * @throws RotatorError when something cannot be reached or read.
 */
export async function look(
  target: Target,
  intent: Intent,
  env: Environment,
): Promise<Look | undefined> {
  const desk = new Desk(target, env, 'look')
  const observer = new Observer(desk)
  try {
    const observed = await observer.observe()
    const { documents } = desk
    const { last } = documents.document
    return {
      target: target.name,
      observed,
      credentials: credentialsOf(documents),
      lock: desk.sessions.lock ?? { kind: 'free' },
      sessions: observer.sessions,
      lacks: observer.lacks,
      ...(last && { last }),
      plan: plan(observed, narrowIntent(intent, observed)),
      basis: basisOf(desk, observed, intent),
    }
  } catch (error) {
    if (error instanceof AdminLost) return undefined
    desk.secrets.scrubError(error)
    throw error
  } finally {
    await desk.sessions.drop()
  }
}

function credentialsOf(documents: AnyDocuments): readonly CredentialStatus[] {
  if (documents instanceof ManagedDocuments) {
    const { changedAt } = documents
    return [{ slot: 'user', username: documents.username(), active: true, changedAt }]
  }
  if (!('active' in documents.document)) {
    const { credential, last } = documents.document
    const changed = last?.outcome === 'rotated' ? { changedAt: last.closed_at } : {}
    return [{ slot: 'user', username: credential.username, active: true, ...changed }]
  }
  const { active, slots } = documents.document
  const oneUser = slots.A.username === slots.B.username
  const shown = SLOTS.filter((slot) => !oneUser || !isPlaceholder(slots[slot].password))
  return shown.map((slot) => {
    const { username, changedAt } = slots[slot]
    const changed = changedAt === undefined ? {} : { changedAt }
    return { slot, username, active: slot === active, ...changed }
  })
}
