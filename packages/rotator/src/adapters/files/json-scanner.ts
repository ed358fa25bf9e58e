import { decodeUtf8 } from './place.ts'

/** Where a value stands: offsets of its first byte and behind its last. */
export type FoundValue =
  | { readonly kind: 'value'; readonly start: number; readonly end: number }
  /** Two members of one object have the name; `start` is where the second stands. */
  | { readonly kind: 'twice'; readonly start: number }
  | { readonly kind: 'absent' }

/** One member of an object or element of an array. */
interface Member {
  readonly name: string | undefined
  readonly start: number
  readonly end: number
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

/**
 * Finds the value that a JSON pointer's tokens lead to. The text must be valid JSON (one character
 * per byte): this only finds out where things stand, so it never has to judge them.
 */
export function findJsonValue(source: string, tokens: readonly string[]): FoundValue {
  let start = firstToken(source)
  let end = source.length
  for (const token of tokens) {
    const [found, second] = membersAt(source, start).filter(({ name }) => name === token)
    if (!found) return { kind: 'absent' }
    if (second) return { kind: 'twice', start: second.start }
    start = found.start
    end = found.end
  }
  return { kind: 'value', start, end }
}

function firstToken(source: string): number {
  return source.search(/[{["]/)
}

/** The members of the object or array that begins at `start`; none for any other value. */
function membersAt(source: string, start: number): readonly Member[] {
  const opening = source.at(start)
  if (opening !== '{' && opening !== '[') return []
  const members: Member[] = []
  let first = tokenAt(source, start + 1)
  while (!CLOSING.has(first.text)) {
    const isNamed = opening === '{'
    const value = isNamed ? tokenAt(source, tokenAt(source, first.end).end) : first
    const end = endOfValue(source, value)
    const name = isNamed ? nameOf(first.text) : String(members.length)
    members.push({ name, start: value.start, end })
    const next = tokenAt(source, end)
    first = next.text === ',' ? tokenAt(source, next.end) : next
  }
  return members
}

/** What ends an object, an array and the text. */
const CLOSING: ReadonlySet<string> = new Set(['}', ']', ''])

interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
}

function tokenAt(source: string, from: number): Token {
  TOKEN.lastIndex = from
  const match = TOKEN.exec(source)
  if (!match) return { text: '', start: source.length, end: source.length }
  return { text: match[0], start: match.index, end: match.index + match[0].length }
}

function endOfValue(source: string, value: Token): number {
  let token = value
  let depth = 0
  do {
    if (token.text === '{' || token.text === '[') depth += 1
    if (token.text === '}' || token.text === ']') depth -= 1
    if (depth > 0) token = tokenAt(source, token.end)
  } while (depth > 0 && token.text !== '')
  return token.end
}

function nameOf(literal: string): string | undefined {
  const text = decodeUtf8(literal)
  return text === undefined ? undefined : String(JSON.parse(text))
}
