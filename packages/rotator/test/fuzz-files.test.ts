// Goal: a rewrite of a .env or JSON file changes the values that it is about and nothing else, and
// what is not understood is refused with the file untouched. Method: random files around a
// credential; every reader that Node has must find the new values and all others as before.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  dictionary,
  jsonValue,
  oneof,
  record,
  shuffledSubarray,
  string,
  tuple,
} from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { leaksIn, tellAll } from '../../testkit/src/leaks/search.ts'
import { dotenvTarget } from '../src/adapters/files/dotenv.ts'
import { jsonTarget } from '../src/adapters/files/json.ts'
import { isRotatorError } from '../src/errors.ts'
import type { ConfigTarget } from '../src/ports/config-target.ts'
import { cases, SEED } from './fuzz.ts'

/** Files are synced to disk, which takes what it takes. */
const LIMIT_MS = 30 * 60_000
const OLD = 'canary-of-the-old-file'
const character = oneof(
  { weight: 4, arbitrary: constantFrom(...`abcXYZ019_./:@%+,=^!?*[]{}-~;&|<>() #'"$\\\``) },
  { weight: 1, arbitrary: string({ unit: 'grapheme', minLength: 1, maxLength: 1 }) },
)
const password = string({ unit: character, minLength: 1, maxLength: 16 })

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cuedot-fuzz-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

function credential(text: string): Credential {
  const secret = new Sensitive(text, 'new password')
  return { username: 'app_b', password: secret, host: 'h', port: 1, dbname: 'd' }
}

/** Writes; says whether it was done or refused, and that a refusal is typed and quotes nothing. */
async function written(target: ConfigTarget, text: string): Promise<boolean> {
  try {
    await target.write(credential(text), { signal: AbortSignal.timeout(10_000) })
    return true
  } catch (error) {
    if (!isRotatorError(error)) throw error
    expect(error.code).toMatch(/^ERR_TARGET_/)
    const secrets = new Map([['old password', OLD]])
    expect(leaksIn([{ name: 'error', text: tellAll(error) }], secrets)).toEqual([])
    return false
  }
}

describe('a .env file', () => {
  const numRuns = cases('.env files', { short: 200, share: 0.05 })
  const other = oneof(
    tuple(
      constantFrom('X', 'Y_1', 'U2', 'PP', 'export Z'),
      constantFrom('', '"', "'", ' '),
      password,
    ).map(([key, quote, text]) => `${key}=${quote}${text}${quote}`),
    constantFrom('', '# P=x', '  ', 'garbage', "Q='", "'", '# note', 'P2=a$b', '=', 'X="a\nb"'),
  )
  const ours = tuple(
    constantFrom('', 'export ', ' ', 'export\t'),
    constantFrom('', "'", '"', '`'),
    constantFrom('', ' # note', '#x', ' x', '\t', '$HOME'),
  ).map(([before, quote, after]) => `${before}P=${quote}${OLD}${quote}${after}`)
  const file = tuple(array(other, { maxLength: 5 }), ours, constantFrom('\n', '\r\n')).chain(
    ([lines, line, end]) =>
      shuffledSubarray([...lines, line, 'U=app_a'], { minLength: lines.length + 2 }).map((all) =>
        all.join(end),
      ),
  )

  test(
    `keeps all but the credential, which Node finds (seed ${SEED})`,
    async () => {
      const path = join(dir, '.env')
      const done = { written: 0, refused: 0 }
      const holds = asyncProperty(file, password, async (text, next) => {
        await writeFile(path, text)
        const target = dotenvTarget({ id: 'env', path, keys: { username: 'U', password: 'P' } })
        if (!(await written(target, next))) {
          done.refused += 1
          expect(await readFile(path, 'utf8')).toBe(text)
          return
        }
        done.written += 1
        const after = await readFile(path, 'utf8')
        expect(parseEnv(after)).toEqual({ ...parseEnv(text), U: 'app_b', P: next })
        expect(masked(after)).toEqual(masked(text))
      })
      await assert(holds, { numRuns, seed: SEED })
      expect(Math.min(done.written, done.refused)).toBeGreaterThan(numRuns / 50)
    },
    LIMIT_MS,
  )
})

/** The file without the values of the two keys. */
function masked(text: string): readonly string[] {
  return text.split('\n').map((line) => line.replace(/^(\s*(?:export\s+)?[UP]=)[^\r]*/, '$1'))
}

describe('a JSON file', () => {
  const numRuns = cases('JSON files', { short: 200, share: 0.05 })
  const others = dictionary(string({ maxLength: 4 }), jsonValue(), { maxKeys: 4 })
  const space = constantFrom('', ' ', '\n  ', '\t', '\r\n')
  const file: Arbitrary<string> = record({
    around: others,
    inside: others,
    user: constantFrom('"app_a"', '"\\u0061pp_a"', '7', 'null'),
    pass: constantFrom(`"${OLD}"`, `"\\u0063${OLD.slice(1)}"`),
    space,
    twice: constantFrom('', '', '', '"p":"twice",'),
  }).map(({ around, inside, user, pass, space: gap, twice }) => {
    const entries = (all: object): string =>
      Object.entries(all)
        .filter(([key]) => !['db', 'u', 'p'].includes(key))
        .map(([key, any]) => `${JSON.stringify(key)}:${gap}${JSON.stringify(any)},${gap}`)
        .join('')
    const db = `{${entries(inside)}${twice}"u":${user},${gap}"p":${gap}${pass}}`
    return `{${gap}${entries(around)}"db":${gap}${db}}`
  })

  test(
    `keeps all but the credential, to the letter (seed ${SEED})`,
    async () => {
      const path = join(dir, 'app.json')
      const done = { written: 0, refused: 0 }
      const holds = asyncProperty(file, password, async (text, next) => {
        await writeFile(path, text)
        const pointers = { username: '/db/u', password: '/db/p' }
        if (!(await written(jsonTarget({ id: 'json', path, pointers }), next))) {
          done.refused += 1
          expect(await readFile(path, 'utf8')).toBe(text)
          return
        }
        done.written += 1
        const after = await readFile(path, 'utf8')
        expect(blanked(after)).toBe(blanked(text))
        expect(JSON.parse(after)).toMatchObject({ db: { u: 'app_b', p: next } })
      })
      await assert(holds, { numRuns, seed: SEED })
      expect(Math.min(done.written, done.refused)).toBeGreaterThan(numRuns / 50)
    },
    LIMIT_MS,
  )
})

/** The file without the two values, which are the last in it. */
function blanked(text: string): string {
  return text.replace(/"u":"[^"]*",(\s*)"p":(\s*)"(?:[^"\\]|\\.)*"\}\}$/, '"u":_,$1"p":$2_}}')
}
