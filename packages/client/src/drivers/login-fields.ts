import type { HeldCredential } from '../credentials/credentials.ts'
import { CredentialsError } from '../credentials/errors.ts'

/** What a driver is told of where and as whom it logs in. */
export interface LoginFields {
  readonly user: string
  readonly password: string
  readonly host?: string
  readonly port?: number
  readonly database?: string
}

/** A document that names no host or database leaves them to the options of the pool. */
export function loginFields({ credential }: HeldCredential): LoginFields {
  const { username, password, host, port, dbname } = credential
  return {
    user: username,
    password: password.reveal(),
    ...(host !== '' && { host, port }),
    ...(dbname !== '' && { database: dbname }),
  }
}

/**
 * Options that would win over the credential, or that it would silently win over.
 *
 * @throws CredentialsError `ERR_OPTIONS`
 */
export function refuseLoginOptions(config: object, names: readonly string[]): void {
  for (const name of names)
    if (name in config)
      throw new CredentialsError('ERR_OPTIONS', `${name} must not be given: it is the credential's`)
}
