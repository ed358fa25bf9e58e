import type { ChainReader } from './chain.ts'

const NEWLINE = 0x0a

/** Gives a reader each line of these bytes. */
export function pushLines(reader: ChainReader, bytes: Uint8Array): void {
  const rest = pushWhole(reader, bytes)
  if (rest.length > 0) reader.push(rest, false)
}

/** Gives a reader each line that ends within these bytes. @returns what is left */
export function pushWhole(
  reader: ChainReader,
  bytes: Uint8Array,
  afterEach?: () => void,
): Uint8Array {
  let from = 0
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
    reader.push(bytes.subarray(from, at), true)
    afterEach?.()
    from = at + 1
  }
  return bytes.subarray(from)
}
