import { RotatorError } from '../../errors.ts'
import type { Field } from './place.ts'

/**
 * What the file calls each value: a key, a pointer. User and password are always written together;
 * what is not mapped is not touched.
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
