import { encodeUtf8 } from '../place.ts'

/**
 * PHP's string literals, byte for byte: every string here has one character per byte.
 *
 * Source: PHP manual, "Strings" (single quoted, double quoted), and
 * `zend_scan_escape_string` in php-src; proven against PHP by `php-sqlconf.int.test.ts`.
 */

const NAMED: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  e: '\x1b',
  f: '\f',
  '\\': '\\',
  $: '$',
  '"': '"',
}

const SPELLED: ReadonlyMap<string, string> = new Map(
  Object.entries(NAMED).map(([letter, byte]) => [byte, `\\${letter}`]),
)

const DOUBLE_ESCAPE =
  /\\(?:([nrtvef\\$"])|([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|u\{([0-9A-Fa-f]{1,8})\})/g

/** The bytes of a quoted literal; undefined when it is not one plain literal that PHP takes. */
export function decodePhpString(literal: string): string | undefined {
  const quote = literal.at(0)
  const body = literal.slice(1, -1)
  if (literal.length < 2 || literal.at(-1) !== quote) return undefined
  if (quote === "'") return /^(?:[^'\\]|\\[^])*$/.test(body) ? decodeSingle(body) : undefined
  if (quote === '"') return /^(?:[^"\\]|\\[^])*$/.test(body) ? decodeDouble(body) : undefined
  return undefined
}

function decodeSingle(body: string): string {
  return body.replaceAll(/\\([\\'])/g, '$1')
}

function decodeDouble(body: string): string | undefined {
  const escapes = [...body.matchAll(DOUBLE_ESCAPE)]
  if (!escapes.every(([, , , , codePoint]) => codePoint === undefined || isScalar(codePoint)))
    return undefined
  // A space for each escape, so that what stood around it does not grow together.
  const rest = body.replaceAll(DOUBLE_ESCAPE, ' ')
  if (rest.includes('\\u{') || /\$[A-Za-z_\x80-\xff{]|\{\$/.test(rest)) return undefined
  return body.replaceAll(DOUBLE_ESCAPE, (_all, letter, octal, hex, codePoint) => {
    if (letter !== undefined) return NAMED[letter] ?? ''
    // PHP drops the ninth bit of \400 to \777.
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return encodeUtf8(String.fromCodePoint(Number.parseInt(codePoint, 16)))
  })
}

/** PHP writes surrogates as three bytes that are not UTF-8; no credential holds them. */
function isScalar(hex: string): boolean {
  const codePoint = Number.parseInt(hex, 16)
  return codePoint <= 0x10ffff && (codePoint < 0xd800 || codePoint > 0xdfff)
}

/** A literal for these bytes with the given quote. Every byte can be held by either. */
export function encodePhpString(bytes: string, quote: string): string {
  return quote === '"' ? encodeDouble(bytes) : encodeSingle(bytes)
}

function encodeSingle(bytes: string): string {
  return `'${bytes.replaceAll(/[\\']/g, (byte) => `\\${byte}`)}'`
}

function encodeDouble(bytes: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for.
  const spelled = bytes.replaceAll(/[\\"$\x00-\x1f\x7f]/g, (byte) => {
    const hex = byte.charCodeAt(0).toString(16).padStart(2, '0')
    return SPELLED.get(byte) ?? `\\x${hex}`
  })
  return `"${spelled}"`
}
