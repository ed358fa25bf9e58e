import type { Credential } from '@cuedot/client/protocol'
import type { AcceptanceFacts, LoginFact, RotationStep } from '../../domain/four-steps.ts'
import { OWNERSHIP_PHASES } from '../../domain/adoption.ts'
import { isRotatorError, RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AdminSession, Database, Session } from '../../ports/database.ts'
import { parseFlatVersion } from '../documents/parse-version.ts'
import type { SeenSecret } from './secret-facts.ts'
import type { Servers } from './servers.ts'
import type { FourStepTarget } from './types.ts'

/** What looking at the database needs. */
export interface Looking {
  readonly target: FourStepTarget
  readonly servers: Servers
  readonly clock: Clock
  readonly call: () => Call
  readonly remainingMs: () => number
}

/** The facts, and what stands behind them. */
export interface SeenDatabase {
  readonly facts: AcceptanceFacts
  /** Who is in the way. */
  readonly sessions: readonly Session[]
  /** What the second user lacks, or may not be given. */
  readonly lacks: readonly string[]
  /** The login with which one user changes its own password. */
  readonly own: Credential | undefined
  /** Name of the owner role that is to have what the user owns. */
  readonly owner: string
}

/** For a version that is there and fits. @throws ERR_DB_*, ERR_STORE_*, and as {@link Servers} */
export async function seeDatabase(
  looking: Looking,
  seen: SeenSecret,
  step: RotationStep,
): Promise<SeenDatabase> {
  const database = await looking.servers.database(seen)
  if (step === 'setSecret')
    return seen.strategy === 'alternating'
      ? await secondUser(looking, seen, database)
      : await onlyUser(looking, seen, database)
  const twoUsers = seen.strategy === 'alternating' && seen.facts.staged === 'fits'
  const { rights, lacks } = twoUsers ? await compare(looking, seen) : ALONE
  const staged = rights === 'equal' ? await provenEverywhere(looking, seen, database) : 'absent'
  return { ...NOTHING, facts: { ...factsOf(looking, seen), staged, rights }, lacks }
}

const ALONE = { rights: 'equal', lacks: [] } as const

const NOTHING: Omit<SeenDatabase, 'facts'> = { sessions: [], lacks: [], own: undefined, owner: '' }

function factsOf({ target, remainingMs }: Looking, { strategy }: SeenSecret): AcceptanceFacts {
  const { sessions: policy } = target.options
  return {
    ...{ strategy, staged: 'absent', current: 'absent', previous: 'absent', rights: 'equal' },
    ...{ due: [], problems: [], sessions: 0 },
    policy: policy === 'wait' && remainingMs() < LAST_MS ? 'refuse' : policy,
  }
}

/** So much time is kept for what comes after a wait. */
const LAST_MS = 20_000

async function onlyUser(
  looking: Looking,
  seen: SeenSecret,
  database: Database,
): Promise<SeenDatabase> {
  const { staged: next, document } = seen
  const { current } = document
  const base = factsOf(looking, seen)
  const now = await login(database, current, looking.call())
  const isAlone = now === 'accepted' && !(await hasSecond(looking, seen))
  // One user has one password: where the current one works, the other is not tried in vain.
  const staged = isAlone ? 'denied' : await loginOrAbsent(database, next, looking.call())
  if (now === 'accepted' || staged === 'accepted')
    return { ...NOTHING, facts: { ...base, staged, current: now }, own: current }
  const old = await previousOf(looking, seen)
  const previous = await loginOrAbsent(database, old, looking.call())
  return { ...NOTHING, facts: { ...base, staged, current: now, previous }, own: old }
}

/** Only the admin can tell, without a login. */
async function hasSecond(looking: Looking, seen: SeenSecret): Promise<boolean> {
  if (seen.strategy !== 'dual-password') return false
  const session = await looking.servers.session(seen)
  return (await session.hasSecondPassword(seen.nextUsername, looking.call())) !== 'nowhere'
}

/** The previous version, where it names the same user and the same server. */
async function previousOf(looking: Looking, seen: SeenSecret): Promise<Credential | undefined> {
  const { secret } = looking.target
  const version = await secret.version('AWSPREVIOUS', looking.call())
  if (!version) return undefined
  const { current } = seen.document
  try {
    const { credential } = parseFlatVersion(version, secret.secret).document
    const same = credential.username === current.username && credential.host === current.host
    return same ? credential : undefined
  } catch (error) {
    if (isRotatorError(error)) return undefined
    throw error
  }
}

async function secondUser(
  looking: Looking,
  seen: SeenSecret,
  database: Database,
): Promise<SeenDatabase> {
  const { nextUsername, document, staged: next } = seen
  const base = factsOf(looking, seen)
  refuseLongName(database, nextUsername)
  const current = await login(database, document.current, looking.call())
  if (current !== 'accepted') return { ...NOTHING, facts: { ...base, current } }
  const session = await looking.servers.session(seen)
  const ownership = await ownershipOf(session, seen, looking.call())
  const { rights, lacks } = await compare(looking, seen)
  // Without its rights a user may be kept out of the database, whatever its password.
  const isWhole = rights === 'equal'
  const staged = isWhole ? await loginOrAbsent(database, next, looking.call()) : 'absent'
  const isDue = isWhole && staged !== 'accepted'
  const sessions = isDue ? await session.sessions([nextUsername], looking.call()) : []
  return {
    facts: {
      ...{ ...base, current, staged, rights, sessions: sessions.length },
      due: OWNERSHIP_PHASES.filter((one) => ownership.changes.some(({ phase }) => phase === one)),
      problems: ownership.problems,
    },
    ...{ sessions, lacks, own: undefined, owner: ownership.owner },
  }
}

async function ownershipOf(
  session: AdminSession,
  { document }: SeenSecret,
  call: Call,
): ReturnType<AdminSession['describeOwnership']> {
  return await session.describeOwnership({ username: document.current.username }, call)
}

function refuseLongName({ longestUsername, endpoints }: Database, username: string): void {
  if (Buffer.byteLength(username) <= longestUsername) return
  const problem = `the name ${username} would be longer than ${longestUsername} bytes`
  throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: endpoints[0] ?? '', problem })
}

interface Compared {
  readonly rights: AcceptanceFacts['rights']
  readonly lacks: readonly string[]
}

async function compare(looking: Looking, seen: SeenSecret): Promise<Compared> {
  const session = await looking.servers.session(seen)
  const { username } = seen.document.current
  const found = await session.compareUsers(username, seen.nextUsername, looking.call())
  return { rights: found.state, lacks: found.lacks }
}

/** Time between two looks at a replica that does not follow yet. */
const POLL_MS = 250

/** The writer decides; replicas are given time to follow. */
async function provenEverywhere(
  looking: Looking,
  { staged }: SeenSecret,
  database: Database,
): Promise<LoginFact> {
  const { clock, call, target, remainingMs } = looking
  const limitMs = Math.min(target.options.proveLimitMs, remainingMs() - LAST_MS)
  const until = clock.now().getTime() + limitMs
  const [writer = '', ...replicas] = database.endpoints
  const first = await loginOrAbsent(database, staged, call(), writer)
  if (first !== 'accepted') return first
  for (const replica of replicas) {
    let answer = await loginOrAbsent(database, staged, call(), replica)
    while (answer === 'denied' && clock.now().getTime() < until) {
      await clock.sleep(POLL_MS)
      answer = await loginOrAbsent(database, staged, call(), replica)
    }
    if (answer !== 'accepted') return answer
  }
  return 'accepted'
}

/** On the writer, where no endpoint is named. */
async function loginOrAbsent(
  database: Database,
  credential: Credential | undefined,
  call: Call,
  endpoint?: string,
): Promise<LoginFact> {
  return credential === undefined ? 'absent' : await login(database, credential, call, endpoint)
}

async function login(
  database: Database,
  credential: Credential,
  call: Call,
  endpoint: string = database.endpoints[0] ?? '',
): Promise<LoginFact> {
  return await database.login(credential, endpoint, call)
}

/** What a staged credential that does not fit says at the servers of the secret. */
export async function tryStray(looking: Looking, seen: SeenSecret): Promise<LoginFact> {
  const { stray, document, nextUsername } = seen
  const isNew = stray?.password.equals(document.current.password) === false
  if (stray?.username !== nextUsername || !isNew) return 'absent'
  return await loginOrAbsent(await looking.servers.database(seen), stray, looking.call())
}
