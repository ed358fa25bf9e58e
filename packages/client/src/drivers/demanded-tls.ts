import { CredentialsError } from '../credentials/errors.ts'

/** Options of TLS with which a driver would leave something unverified. */
const TURNED_OFF: Readonly<Record<string, (value: unknown) => boolean>> = {
  rejectUnauthorized: (value) => value === false,
  verifyIdentity: (value) => value === false,
  checkServerIdentity: (value) => value !== undefined,
}

/**
 * What a pool was given as `ssl`, for a credential that demands TLS: nothing or `true` is the
 * authorities of the system.
 *
 * @throws CredentialsError `ERR_OPTIONS` where it turns TLS off, or something of its verification,
 *   or is the name of a profile, which cannot be added to
 */
export function demandedTls(ssl: unknown): object {
  if (ssl === undefined || ssl === true) return {}
  if (typeof ssl !== 'object' || ssl === null)
    throw refusal('ssl must be true or an object, or be left out')
  for (const [name, isOff] of Object.entries(TURNED_OFF))
    if (isOff(Reflect.get(ssl, name))) throw refusal(`ssl.${name} must be left out`)
  // `pg` makes the key of the object that it is given one that is not copied.
  return 'key' in ssl ? { ...ssl, key: ssl.key } : { ...ssl }
}

/** @throws CredentialsError `ERR_OPTIONS` */
export function refusal(problem: string): CredentialsError {
  return new CredentialsError('ERR_OPTIONS', `${problem}: the secret demands verified TLS`)
}
