import type { Sensitive } from './sensitive.ts'

/**
 * Everything one login needs. A user and its password travel together: changing one without the
 * other is how a consumer ends up with a pair that never existed.
 */
export interface Credential {
  /** Database user. Not empty. */
  readonly username: string
  readonly password: Sensitive
  /** Host name or address. Empty only where a flat document names none. */
  readonly host: string
  /** TCP port, 1 to 65535. */
  readonly port: number
  /** Database (schema) to connect to. Empty when the document names none. */
  readonly dbname: string
  /** The document demands TLS that verifies the server's certificate and name; else absent. */
  readonly ssl?: true
  /** When the password was made, ISO-8601 in UTC; absent where the document does not say. */
  readonly changedAt?: string
  /**
   * Names this password among all that its user ever had: 8 characters of `[a-z0-9]`, no secret.
   * Sessions carry it, so that it can be told who has moved. Absent where the document has none.
   */
  readonly version?: string
}

/**
 * Passwords that deployment scripts leave behind until somebody sets a real one. They are public
 * knowledge, so no database user may ever be given one and no login is ever tried with one.
 *
 * Source: the seed values of openemr-on-ecs (`placeholder`) and openemr-on-eks
 * (`PLACEHOLDER_SEEDED_BY_DEPLOY_SCRIPT`, `pending-restore`).
 */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  'placeholder',
  'PLACEHOLDER_SEEDED_BY_DEPLOY_SCRIPT',
  'pending-restore',
])

/** True when the value is a known stand-in and not a secret. */
export function isPlaceholder(value: Sensitive): boolean {
  return PLACEHOLDERS.has(value.reveal())
}
