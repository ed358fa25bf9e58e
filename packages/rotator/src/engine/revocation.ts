import { isPlaceholder } from '@cuedot/client/protocol'
import type { Credential, FlatDocument, Sensitive, SlotDocument } from '@cuedot/client/protocol'
import { isRotatorError } from '../errors.ts'
import type { SecretVersion, VersionLabel } from '../ports/secret-store.ts'
import type { Target } from '../ports/target.ts'
import { Desk } from './desk.ts'
import { parseFlatVersion } from './documents/parse-version.ts'
import { SHAPES } from './documents/shape.ts'
import type { DocumentShape } from './documents/shape.ts'
import type { Environment } from './environment.ts'

/** A login that still works although it must not. Never the password. */
export interface LiveLogin {
  readonly username: string
  readonly endpoint: string
}

/** What came of trying credentials. */
export interface Tried {
  readonly live: readonly LiveLogin[]
  readonly tried: number
  readonly untried: number
}

/**
 * Every credential in a labelled version of the target's secret, which is what somebody has who has
 * read it; without those that an urgent rotation has made which is still open, since they are newer
 * than the leak.
 * @throws ERR_STORE_*, ERR_DOCUMENT_* for the current version
 */
export async function knownCredentials(
  target: Target,
  env: Environment,
): Promise<readonly Credential[]> {
  const desk = new Desk(target, env, 'look')
  const version = (label: VersionLabel): Promise<SecretVersion | undefined> =>
    desk.target.store.version(label, desk.call())
  const current = await version('AWSCURRENT')
  const staged = await version('AWSPENDING')
  const pending = staged?.id === current?.id ? undefined : staged
  const versions = { current, pending, previous: await version('AWSPREVIOUS') }
  const { found, fresh } =
    target.strategy === 'single-user' || target.strategy === 'managed'
      ? inFlatDocuments(versions, target.store.secret)
      : inSlotDocuments(versions, target.store.secret, SHAPES[target.strategy])
  return found.filter(
    (credential, index) =>
      !isPlaceholder(credential.password) &&
      !fresh.some((password) => password.equals(credential.password)) &&
      found.findIndex((other) => sameLogin(other, credential)) === index,
  )
}

interface Versions {
  readonly current: SecretVersion | undefined
  /** Undefined where the label sits on the current version. */
  readonly pending: SecretVersion | undefined
  readonly previous: SecretVersion | undefined
}

interface Known {
  readonly found: readonly Credential[]
  /** Passwords of an open urgent rotation. */
  readonly fresh: readonly Sensitive[]
}

function inFlatDocuments({ current, pending, previous }: Versions, secret: string): Known {
  const read = (version: SecretVersion | undefined): FlatDocument | undefined =>
    version && parseFlatVersion(version, secret).document
  const staged = unlessForeign(() => read(pending))
  const documents = [read(current), staged, unlessForeign(() => read(previous))]
  return {
    found: documents.flatMap((document) => (document ? [document.credential] : [])),
    fresh: staged?.last?.urgent === true ? [staged.credential.password] : [],
  }
}

function inSlotDocuments(versions: Versions, secret: string, shape: DocumentShape): Known {
  const read = (version: SecretVersion | undefined): SlotDocument | undefined =>
    version && shape.parse(version, secret).document
  const current = read(versions.current)
  const pending = unlessForeign(() => read(versions.pending))
  const previous = unlessForeign(() => read(versions.previous))
  const found = [current, pending, previous].flatMap((document) =>
    document ? [document.slots.A, document.slots.B] : [],
  )
  return { found, fresh: freshPasswords(current, pending) }
}

/** The password that the rotation goes to, and the one that closes it where that is staged. */
function freshPasswords(
  current: SlotDocument | undefined,
  pending: SlotDocument | undefined,
): readonly Sensitive[] {
  const holder = current?.rotation ? current : pending
  const open = holder?.rotation
  if (holder === undefined || open?.urgent !== true) return []
  const closing = holder === current && pending?.rotation === undefined ? pending : undefined
  const retired = closing ? [closing.slots[open.from].password] : []
  return [holder.slots[open.to].password, ...retired]
}

/** A version that is no document of ours may be somebody else's: it has no login that we know. */
function unlessForeign<D>(read: () => D | undefined): D | undefined {
  try {
    return read()
  } catch (error) {
    if (isRotatorError(error)) return undefined
    throw error
  }
}

function sameLogin(a: Credential, b: Credential): boolean {
  return a.username === b.username && a.password.equals(b.password)
}

/**
 * Tries each credential once on each endpoint, but those of a user that refused logins bring nearer
 * to being blocked: the application may be that user.
 * @throws ERR_DB_* when an endpoint cannot be asked: nothing is proven then
 */
export async function stillAccepted(
  target: Target,
  credentials: readonly Credential[],
  env: Environment,
): Promise<Tried> {
  const desk = new Desk(target, env, 'look')
  const live: LiveLogin[] = []
  let tried = 0
  try {
    for (const credential of credentials) {
      desk.secrets.add(credential.password)
      const session = await desk.session()
      if (await session.blocksAfterRefusals(credential.username, desk.call())) continue
      tried += 1
      for (const endpoint of desk.target.database.endpoints) {
        const answer = await desk.target.database.login(credential, endpoint, desk.call())
        if (answer === 'accepted') live.push({ username: credential.username, endpoint })
      }
    }
  } catch (error) {
    desk.secrets.scrubError(error)
    throw error
  } finally {
    await desk.sessions.drop()
  }
  return { live, tried, untried: credentials.length - tried }
}
