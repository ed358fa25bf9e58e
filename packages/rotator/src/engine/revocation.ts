import { isPlaceholder } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { isRotatorError } from '../errors.ts'
import type { SecretVersion } from '../ports/secret-store.ts'
import type { Target } from '../ports/target.ts'
import { Desk } from './desk.ts'
import { parseFlatVersion } from './documents/parse-version.ts'
import { SHAPES } from './documents/shape.ts'
import type { Environment } from './environment.ts'

/** A login that still works although it must not. Never the password. */
export interface LiveLogin {
  readonly username: string
  readonly endpoint: string
}

/**
 * Every credential in a labelled version of the target's secret: what somebody has who has read it.
 * @throws ERR_STORE_*, ERR_DOCUMENT_* for the current version
 */
export async function knownCredentials(
  target: Target,
  env: Environment,
): Promise<readonly Credential[]> {
  const desk = new Desk(target, env, 'look')
  const found: Credential[] = []
  for (const label of ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS'] as const) {
    const version = await desk.target.store.version(label, desk.call())
    if (version) found.push(...credentialsIn(version, desk.target, label === 'AWSCURRENT'))
  }
  return found.filter(
    (credential, index) =>
      !isPlaceholder(credential.password) &&
      found.findIndex((other) => sameLogin(other, credential)) === index,
  )
}

/** A version that is no document of ours may be somebody else's: it has no login that we know. */
function credentialsIn(
  version: SecretVersion,
  { store, strategy }: Target,
  required: boolean,
): readonly Credential[] {
  try {
    if (strategy === 'single-user' || strategy === 'managed')
      return [parseFlatVersion(version, store.secret).document.credential]
    const { A, B } = SHAPES[strategy].parse(version, store.secret).document.slots
    return [A, B]
  } catch (error) {
    if (!required && isRotatorError(error)) return []
    throw error
  }
}

function sameLogin(a: Credential, b: Credential): boolean {
  return a.username === b.username && a.password.equals(b.password)
}

/**
 * Tries each credential once on each endpoint.
 * @returns those that are still accepted
 * @throws ERR_DB_* when an endpoint cannot be asked: nothing is proven then
 */
export async function stillAccepted(
  target: Target,
  credentials: readonly Credential[],
  env: Environment,
): Promise<readonly LiveLogin[]> {
  const desk = new Desk(target, env, 'look')
  const live: LiveLogin[] = []
  for (const credential of credentials) {
    desk.secrets.add(credential.password)
    for (const endpoint of desk.target.database.endpoints) {
      const answer = await desk.target.database.login(credential, endpoint, desk.call())
      if (answer === 'accepted') live.push({ username: credential.username, endpoint })
    }
  }
  return live
}
