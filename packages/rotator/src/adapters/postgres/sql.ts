/**
 * Quotes a name for SQL: doubled quotes inside quotes.
 * Source: PostgreSQL documentation, "Identifiers and Key Words". NUL cannot stand in a name.
 */
export function identifier(name: string): string {
  if (name.includes('\0')) throw new TypeError('a name in PostgreSQL cannot hold NUL')
  return `"${name.replaceAll('"', '""')}"`
}

/** Quotes a dotted name, such as schema and table. */
export function qualified(parts: readonly string[]): string {
  return parts.map(identifier).join('.')
}

/**
 * Quotes text for SQL, whatever `standard_conforming_strings` is: with a backslash inside it is
 * written as an escape string.
 * Source: PostgreSQL documentation, "String Constants"; the same as `quote_literal`.
 */
export function literal(text: string): string {
  if (text.includes('\0')) throw new TypeError('text in PostgreSQL cannot hold NUL')
  const doubled = text.replaceAll("'", "''")
  return text.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`
}

/** The first `max` bytes of a text in UTF-8, never half a character. */
export function cutBytes(text: string, max: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= max) return text
  let end = max
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.subarray(0, end).toString()
}
