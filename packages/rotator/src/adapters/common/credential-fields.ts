import { RotatorError } from '../../errors.ts'
import type { Credential } from '@cuedot/client/protocol'

/** The parts of a credential that a config target can hold. */
export type Field = 'username' | 'password' | 'host' | 'port' | 'dbname' | 'version'

/**
 * What the config target calls each value: a key, a pointer. User and password are always
 * written together; what is not mapped is not touched.
 */
export interface Mapping {
  readonly username: string
  readonly password: string
  readonly host?: string
  readonly port?: string
  readonly dbname?: string
  /** The version of the credential; empty where it has none. */
  readonly version?: string
}

/**
 * The mapping as pairs.
 * @throws ERR_CONFIG when two values share a name, or `isValid` refuses one
 */
export function fieldsOf(
  mapping: Mapping,
  options: { readonly file: string; readonly isValid: (name: string) => boolean },
): ReadonlyMap<Field, string> {
  const { username, password, host, port, dbname, version } = mapping
  const all: readonly (readonly [Field, string | undefined])[] = [
    ['username', username],
    ['password', password],
    ['host', host],
    ['port', port],
    ['dbname', dbname],
    ['version', version],
  ]
  const fields = new Map<Field, string>()
  const seen = new Set<string>()
  for (const [field, name] of all) {
    if (name === undefined) continue
    const problem = seen.has(name) ? 'stands for two values' : 'is not a name in such a file'
    if (seen.has(name) || !options.isValid(name))
      throw new RotatorError('ERR_CONFIG', { file: options.file, path: name, problem })
    seen.add(name)
    fields.set(field, name)
  }
  return fields
}

/**
 * What a config target must hold for consumers to find this credential. An empty `dbname` means
 * that nobody named one, so what is there stays.
 */
export function wanted(credential: Credential): ReadonlyMap<Field, string> {
  return new Map<Field, string>([
    ['username', credential.username],
    ['password', credential.password.reveal()],
    ['host', credential.host],
    ['port', String(credential.port)],
    ['version', credential.version ?? ''],
    ...(credential.dbname === '' ? [] : [['dbname', credential.dbname] as const]),
  ])
}

/**
 * The port that a config target holds: undefined where there is none, or where it is empty as
 * before an installer has filled it in; `none` for what is no port, 1 to 65535.
 */
export function parsePort(value: string | undefined): number | undefined | 'none' {
  if (value === undefined || value === '') return undefined
  return /^[1-9]\d{0,4}$/.test(value) && Number(value) <= 65535 ? Number(value) : 'none'
}
