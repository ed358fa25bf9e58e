import type { ManagedFacts } from '../domain/managed-facts.ts'
import type { OwnerState } from '../ports/credential-owner.ts'
import type { Session } from '../ports/database.ts'
import { noteOwner } from '../steps/step.ts'
import type { Desk } from './desk.ts'
import type { ManagedDocuments } from './documents/managed-documents.ts'

/** What was read for it already. */
interface Read {
  readonly owner: OwnerState
  readonly sessions: readonly Session[]
}

/** The facts about a managed credential. Remembers what was current when the run began. */
export async function observeManaged(
  desk: Desk,
  documents: ManagedDocuments,
  { owner, sessions }: Read,
): Promise<ManagedFacts> {
  const { ownerRequest: request, evidence } = desk
  request.baseline ??= documents.currentId
  const changed = documents.currentId !== request.baseline
  if (changed) request.seen = true
  noteOwner(request, owner.state)
  const { current } = await desk.logins.facts('user', documents)
  return {
    strategy: 'managed',
    owner: owner.state,
    says: owner.says,
    asked: request.asked,
    seen: request.seen,
    changed,
    login: { current },
    sessions: sessions.length,
    ...(evidence.trouble && { trouble: evidence.trouble }),
  }
}
