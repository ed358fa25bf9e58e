import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { LineCounter, isMap, isNode, isScalar, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import { RotatorError } from '../errors.ts'
import { fingerprintsOf, unusable } from './plain.ts'
import { messageFor, problemsOf } from './problems.ts'
import { configSchema } from './schema.ts'
import type { Config } from './types.ts'

/**
 * Reads and checks a configuration file. Relative paths start at its folder; nothing is executed
 * and no environment variable is put in.
 *
 * @throws ERR_CONFIG with every problem at once, each with line, column and path, one a line. No
 *   value of the file is quoted.
 */
export async function loadConfig(path: string): Promise<Config> {
  const file = resolve(path)
  return parseConfig(await readText(file), file)
}

/** As {@link loadConfig}, for a text that was read already. */
export function parseConfig(text: string, file: string): Config {
  const lines = new LineCounter()
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines })
  const broken = [...document.errors, ...document.warnings].map(({ code, pos }) => {
    const { line, col } = lines.linePos(pos[0])
    return {
      path: '',
      text: `${file}:${line}:${col} ${YAML_PROBLEMS[code] ?? `is not YAML (${code})`}`,
    }
  })
  if (broken.length > 0) throw unusable(file, broken)
  const plain = toPlain(document, file)
  const parsed = configSchema(dirname(file)).safeParse(plain, {
    error: messageFor,
  })
  if (parsed.success) return { file, ...parsed.data, fingerprints: fingerprintsOf(plain) }
  const problems = problemsOf(parsed.error.issues).map(({ path: at, problem }) => {
    const { line, col } = lines.linePos(offsetOf(document, at))
    const name = at.map(String).join('.')
    return {
      path: name,
      line,
      text: `${file}:${line}:${col} ${name === '' ? '' : `${name} `}${problem}`,
    }
  })
  throw unusable(
    file,
    problems.toSorted((a, b) => a.line - b.line),
  )
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const missing = 'there is no such file: name one with --config or CUEDOT_CONFIG'
    const problem = code === 'ENOENT' ? missing : `cannot be read (${code})`
    throw new RotatorError('ERR_CONFIG', { file, path: '', problem })
  }
}

/** yaml's messages may quote the file, so only its codes are passed on. */
const YAML_PROBLEMS: Readonly<Record<string, string>> = {
  BAD_INDENT: 'is indented wrongly',
  BLOCK_AS_IMPLICIT_KEY: 'begins a mapping where none can be (a second colon on the line?)',
  DUPLICATE_KEY: 'repeats a key',
  MISSING_CHAR: 'lacks a closing quote, bracket, brace or a colon',
  MULTILINE_IMPLICIT_KEY: 'lacks a colon, or is indented wrongly',
  TAB_AS_INDENT: 'is indented with a tab',
  TAG_RESOLVE_FAILED: 'has a tag, which has no meaning here',
}

function toPlain(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 })
  } catch {
    const problem = 'uses aliases that lead nowhere or to too much'
    throw new RotatorError('ERR_CONFIG', { file, path: '', problem })
  }
}

/** Where the node stands; for an unknown key the key itself, for a missing one what lacks it. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true)
    const key = path[length - 1]
    const pair = isMap(parent)
      ? parent.items.find((item) => isScalar(item.key) && item.key.value === key)
      : undefined
    if (isNode(pair?.key) && pair.key.range) return pair.key.range[0]
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}
