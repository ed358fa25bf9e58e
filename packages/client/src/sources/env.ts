import type { CredentialSource } from '../credentials/source.ts'

/** The names of the variables that make up a credential. */
export interface CredentialVariables {
  /** Default `DB_USER`. */
  readonly username?: string
  /** Default `DB_PASSWORD`. */
  readonly password?: string
  /** Default `DB_HOST`. */
  readonly host?: string
  /** Default `DB_PORT`. */
  readonly port?: string
  /** Default `DB_NAME`. */
  readonly dbname?: string
  /** Names the version. Default `DB_CRED_VERSION`; where that is not set, it is `environment`. */
  readonly version?: string
}

/**
 * The credential that stands in the environment, for development: a process never sees it change.
 * Every stage but AWSCURRENT is rejected. A variable that is not set is missing in the document,
 * and the one that is missing is named when the credential is read.
 *
 * @param environment - default `process.env`
 */
export function credentialVariables(
  names: CredentialVariables = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): CredentialSource {
  const { username = 'DB_USER', password = 'DB_PASSWORD', version = 'DB_CRED_VERSION' } = names
  const { host = 'DB_HOST', port = 'DB_PORT', dbname = 'DB_NAME' } = names
  return async ({ stage }) => {
    if (stage !== 'AWSCURRENT') throw new Error(`the environment has no ${stage}`)
    const read = (name: string): string | undefined => environment[name] || undefined
    const value = JSON.stringify({
      username: read(username),
      password: read(password),
      host: read(host),
      port: read(port),
      dbname: read(dbname),
    })
    return { versionId: read(version) ?? 'environment', value }
  }
}
