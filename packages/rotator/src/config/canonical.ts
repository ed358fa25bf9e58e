import { createHash } from 'node:crypto'

/**
 * JSON with sorted keys and without spaces: the same value, the same text, whatever the order in
 * which it was written. Keys with the value undefined are left out.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, child]) => child !== undefined)
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
  const members = sorted.map(([key, child]) => `${JSON.stringify(key)}:${canonicalJson(child)}`)
  return `{${members.join(',')}}`
}

/** SHA-256 of {@link canonicalJson}, 64 hexadecimal digits. */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}
