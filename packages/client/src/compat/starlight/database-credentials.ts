import { CredentialsError } from '../../credentials/errors.ts'
import { readCredential } from '../../credentials/read-credential.ts'
import type { SourceAnswer } from '../../credentials/source.ts'
import { loginFields } from '../../drivers/login-fields.ts'
import { DocumentError, parseJsonObject } from '../../protocol/json-document.ts'
import { Sensitive } from '../../protocol/sensitive.ts'
import { StarlightError } from './errors.ts'

/** A login in the clear, in the shape that Starlight has. */
export interface DatabaseCredentials {
  readonly username: string
  readonly password: string
  readonly host: string | null
  /** 3306 where the secret names none; 5432 where it names none and `postgres` as its engine. */
  readonly port: number
  readonly dbname: string | null
  /** `mysql` where the secret names none. */
  readonly engine: string
}

/**
 * The login in a version of a secret: of a flat document, or of the active slot of a slot document.
 *
 * @throws StarlightError `ERR_SECRET_JSON`, `ERR_SECRET_FIELDS`, `ERR_SECRET_READ`
 */
export function credentialsIn({ versionId, value }: SourceAnswer): DatabaseCredentials {
  const text = new Sensitive(value, 'secret')
  try {
    const { engine } = parseJsonObject(text)
    const credential = readCredential(text)
    const { user: username, password } = loginFields({ credential, versionId })
    return {
      username,
      password,
      host: credential.host || null,
      port: credential.port,
      dbname: credential.dbname || null,
      engine: typeof engine === 'string' ? engine : 'mysql',
    }
  } catch (error) {
    throw inWords(error)
  }
}

function inWords(error: unknown): unknown {
  if (error instanceof CredentialsError)
    return new StarlightError('ERR_SECRET_READ', failedToRetrieve(error.message), { cause: error })
  if (!(error instanceof DocumentError)) return error
  const { code, path, message } = error
  if (code === 'ERR_DOCUMENT_NOT_JSON')
    return new StarlightError('ERR_SECRET_JSON', `Failed to parse secret JSON: ${message}`)
  if (/\/(?:username|password)$/u.test(path))
    return new StarlightError(
      'ERR_SECRET_FIELDS',
      "Secret must contain 'username' and 'password' fields",
    )
  return new StarlightError('ERR_SECRET_READ', failedToRetrieve(message))
}

/** The words of Starlight for a secret that cannot be had. */
export function failedToRetrieve(problem: string): string {
  return `Failed to retrieve database credentials: ${problem}`
}
