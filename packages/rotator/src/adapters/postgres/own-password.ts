import type { Sensitive } from '@cuedot/client/protocol'
import { RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { Endpoint } from '../common/tls.ts'
import { openAdminSession } from './admin-session.ts'
import { nameOf } from './link.ts'
import type { LinkOptions } from './link.ts'
import { login } from './login.ts'

/** Who changes its password, and where. */
export interface OwnPasswordOptions extends Omit<LinkOptions, 'endpoint' | 'application'> {
  readonly writer: Endpoint
}

const APPLICATION = 'cuedot'

/**
 * Gives the user that logs in another password. An admin session of its own is all that it needs:
 * every role may change its password. The session is over before the new one is proven, since the
 * role may be allowed a single connection.
 */
export async function changeOwnPassword(
  options: OwnPasswordOptions,
  password: Sensitive,
  call: Call,
): Promise<void> {
  const { credential } = options
  const alone = { target: credential.username, lock: 'look', holder: APPLICATION } as const
  {
    await using session = await openAdminSession({ ...options, ...alone, readers: [] }, call)
    await session.setPassword(credential.username, password, call)
  }
  await prove({ ...options, credential: { ...credential, password } }, call)
}

/**
 * Few may read back what the server has stored, and a malformed verifier it would have taken for a
 * password. The password is set by now: what goes wrong here must not sound as if it were not.
 */
async function prove(options: OwnPasswordOptions, call: Call): Promise<void> {
  const endpoint = nameOf(options.writer)
  const again = { ...options, endpoint: options.writer, application: APPLICATION }
  const answer = await login(again, call).catch(() => undefined)
  if (answer === 'accepted') return
  if (answer === undefined)
    throw new RotatorError('ERR_OUTCOME_UNKNOWN', { operation: PROVE, where: endpoint })
  const { username } = options.credential
  const problem = `role "${username}" was given a password and its login with it is ${answer}`
  throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint, problem })
}

const PROVE = 'prove the new password'
