import { adoptedDocument, droppedKeys, parseSlotDocument } from '@cuedot/client/protocol'
import type { Adoptable, Credential, LastRecord, Sensitive } from '@cuedot/client/protocol'
import { OWNERSHIP_PHASES } from '../../domain/adoption.ts'
import type { AdoptionFacts } from '../../domain/adoption.ts'
import type { Ownership } from '../../ports/ownership.ts'
import type { StoreReading } from '../../ports/secret-store.ts'
import type { Desk } from '../desk.ts'
import { parseAdoptable } from '../documents/parse-version.ts'
import { describeSessions } from '../../steps/drain.ts'
import { adminName, findRunning, placeOf } from './running.ts'
import type { Running } from './running.ts'

/** What a person may choose. */
export interface AdoptionOptions {
  /** User of slot B. Default: the running user's name with `_b`. */
  readonly standby?: string
  /** Owner role, where the engine has owners. Default: what `describeOwnership` takes. */
  readonly owner?: string
}

/** Everything that was observed: the facts, and what the steps and a person need besides. */
export interface Seen {
  readonly facts: AdoptionFacts
  readonly reading: StoreReading
  readonly running: Credential | undefined
  readonly standby: string
  readonly ownership: Ownership
  /** The slot document that would be staged, with this record. */
  readonly draft: (last: LastRecord) => Sensitive
  /** Keys of the secret that would not survive. */
  readonly dropped: readonly string[]
  /** What a refusal is about. Names only. */
  readonly details: string
}

const UNMOVED: Ownership = { owner: '', changes: [], problems: [] }

/** Observes what adopting a target is decided from. Changes nothing. */
export async function observeAdoption(desk: Desk, options: AdoptionOptions): Promise<Seen> {
  // The lock comes first: what is read before it could be another rotator's half-way.
  await desk.session()
  const reading = await desk.versions.read()
  const { store } = desk.target
  const place = placeOf(desk)
  const found = parseAdoptable(reading.current, store.secret, place)
  if (found.kind === 'slots' && found.document.rotation !== undefined)
    return untouched(reading, 'open')
  const running = await findRunning(desk, found, place)
  if (running.credential === undefined)
    return { ...untouched(reading, found.kind), ...unfit(running) }
  return await observeRunning(desk, { options, reading, found, running: running.credential })
}

function untouched(reading: StoreReading, document: AdoptionFacts['document']): Seen {
  const nothing = { pending: 'none', running: 'proven', standby: 'free' } as const
  return {
    facts: { document, ...nothing, due: [], movable: true },
    ...{ reading, running: undefined, standby: '', ownership: UNMOVED },
    draft: () => reading.current.value,
    ...{ dropped: [], details: '' },
  }
}

function unfit({ fact, details }: Running): Pick<Seen, 'facts' | 'details'> {
  const nothing = { document: 'flat', pending: 'none', standby: 'free' } as const
  return { facts: { ...nothing, running: fact, due: [], movable: true }, details }
}

interface Found {
  readonly options: AdoptionOptions
  readonly reading: StoreReading
  readonly found: Adoptable
  readonly running: Credential
}

async function observeRunning(desk: Desk, given: Found): Promise<Seen> {
  const { options, reading, found, running } = given
  const session = await desk.session()
  const { username } = running
  const wish = { username, ...(options.owner !== undefined && { owner: options.owner }) }
  const ownership = await session.describeOwnership(wish, desk.call())
  const standby = options.standby ?? `${username}_b`
  const fresh = found.kind !== 'slots'
  const free = { standby: 'free', details: '' } as const
  const chosen = fresh ? await observeStandby(desk, { ...given, standby }) : free
  const { value } = reading.current
  const draft = (last: LastRecord): Sensitive => adoptedDocument(value, { running, standby, last })
  const stuck = ownership.problems.join('; ')
  return {
    facts: {
      document: found.kind,
      pending: fresh ? pendingKind(reading, draft) : 'none',
      running: 'proven',
      standby: chosen.standby,
      due: OWNERSHIP_PHASES.filter((one) => ownership.changes.some(({ phase }) => phase === one)),
      movable: ownership.problems.length === 0,
    },
    ...{ reading, running, standby, ownership, draft },
    dropped: fresh ? droppedKeys(value, running.password) : [],
    details: chosen.details === '' ? stuck : chosen.details,
  }
}

/** The user of slot B gets a new password with the first rotation, so it must be nobody's. */
async function observeStandby(
  desk: Desk,
  { options, running, standby }: Found & { readonly standby: string },
): Promise<Pick<AdoptionFacts, 'standby'> & { readonly details: string }> {
  const { longestUsername } = desk.target.database
  if (Buffer.byteLength(standby) > longestUsername)
    return { standby: 'taken', details: `${standby} is longer than ${longestUsername} bytes` }
  if (standby === running.username || standby === (await adminName(desk)))
    return { standby: 'taken', details: `user ${standby} is not to be shared` }
  const session = await desk.session()
  const { state } = await session.compareUsers(running.username, standby, desk.call())
  if (state === 'absent') return { standby: 'free', details: '' }
  if (options.standby === undefined) return { standby: 'taken', details: `user ${standby}` }
  const sessions = await session.sessions([standby], desk.call())
  if (sessions.length === 0) return { standby: 'free', details: '' }
  return { standby: 'in-use', details: `sessions: ${describeSessions(sessions)}` }
}

/**
 * Ours is what this run would stage, but for its record. One that an earlier run staged otherwise
 * is staged again; whatever else is pending is somebody else's.
 */
function pendingKind(
  { current, pending }: StoreReading,
  draft: (last: LastRecord) => Sensitive,
): AdoptionFacts['pending'] {
  if (pending === undefined || pending.value.equals(current.value)) return 'none'
  const last = recordOf(pending.value)
  if (last?.outcome !== 'adopted') return 'foreign'
  return draft(last).equals(pending.value) ? 'adoption' : 'none'
}

function recordOf(value: Sensitive): LastRecord | undefined {
  try {
    return parseSlotDocument(value).last
  } catch {
    // Whatever it is, it is no slot document of ours.
    return undefined
  }
}
