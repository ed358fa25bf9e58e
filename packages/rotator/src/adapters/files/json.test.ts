import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { assert, jsonValue, property } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { jsonTarget } from './json.ts'
import { findJsonValue } from './json-scanner.ts'

const call = { signal: AbortSignal.timeout(30_000) }
const CREDENTIAL = {
  username: 'u',
  password: new Sensitive('new "\\ \u{1f600}', 'password'),
  host: 'h',
  port: 3307,
  dbname: 'd',
}

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cuedot-json-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function target(content: string | Buffer, port?: string) {
  const path = join(await mkdtemp(join(dir, 'x')), 'config.json')
  await writeFile(path, content)
  const pointers = { username: '/u', password: '/p', ...(port !== undefined && { port }) }
  return { ...jsonTarget({ id: 'json', path, pointers }), text: () => readFile(path, 'utf8') }
}

describe('values of a JSON file', () => {
  test.for([
    ['not JSON', '{"u":"u","p":"s3cret",}', 'ERR_TARGET_UNPARSABLE'],
    ['empty', '', 'ERR_TARGET_UNPARSABLE'],
    ['no object', '"s3cret"', 'ERR_TARGET_INCOMPLETE'],
    ['without it', '{"u":"u","P":"s3cret"}', 'ERR_TARGET_INCOMPLETE'],
    ['with it deeper', '{"u":"u","x":{"p":"s3cret"}}', 'ERR_TARGET_INCOMPLETE'],
    ['with it twice', '{"u":"u","p":"s3cret","\\u0070":"s3cret"}', 'ERR_TARGET_AMBIGUOUS'],
    ['with a number', '{"u":"u","p":123}', 'ERR_TARGET_NOT_LITERAL'],
    ['with null', '{"u":"u","p":null}', 'ERR_TARGET_NOT_LITERAL'],
    ['with an object', '{"u":"u","p":{"x":"s3cret"}}', 'ERR_TARGET_NOT_LITERAL'],
  ] as const)('are refused in a file that is %s', async ([, content, code]) => {
    const { read, write, text } = await target(content)
    for (const attempt of [() => read(call), () => write(CREDENTIAL, call)]) {
      const error = await attempt().catch((cause: unknown) => cause)
      expect(error).toMatchObject({ code })
      expect(inspect(error)).not.toContain('s3cret')
    }
    expect(await text()).toBe(content)
  })

  test('are found where a name holds what pointers escape', async () => {
    const path = join(await mkdtemp(join(dir, 'x')), 'config.json')
    await writeFile(path, '{"a/b":"user","~1":{"~":"secret"},"/":{"~":"wrong"}}')
    const pointers = { username: '/a~1b', password: '/~01/~0' }
    const published = await jsonTarget({ id: 'json', path, pointers }).read(call)
    expect(published.username).toBe('user')
    expect(published.password.reveal()).toBe('secret')
  })

  test('are replaced and every other byte stays', async () => {
    const before =
      '\ufeff{ "p" :\t"a\\u0062c", "x": 1.0e+2, "twice": 1, "twice": 2,\r\n "u":"v" }\n\n'
    const { write, text } = await target(before)
    await write(CREDENTIAL, call)
    const literal = JSON.stringify(CREDENTIAL.password.reveal())
    expect(await text()).toBe(before.replace('"a\\u0062c"', literal).replace('"v"', '"u"'))
  })

  test.for([
    ['a number', '3306', '3307'],
    ['a string', '"3306"', '"3307"'],
  ] as const)('keep a port that is %s as one', async ([, before, after]) => {
    const { read, write, text } = await target(`{"u":"u","p":"x","n":[${before}]}`, '/n/0')
    expect((await read(call)).port).toBe(3306)
    await write(CREDENTIAL, call)
    expect(await text()).toContain(`"n":[${after}]`)
  })

  test.for(['3306.0', '3.306e3', '-1', 'true'])(
    'are refused where the port is %s',
    async (port) => {
      const { read } = await target(`{"u":"u","p":"x","n":${port}}`, '/n')
      await expect(read(call)).rejects.toMatchObject({ code: 'ERR_TARGET_NOT_LITERAL' })
    },
  )

  test('leave bytes that are not UTF-8 elsewhere alone', async () => {
    const { write, read } = await target(Buffer.from('{"x":"\xe9","u":"v","p":"a"}', 'latin1'))
    await write(CREDENTIAL, call)
    expect((await read(call)).password.equals(CREDENTIAL.password)).toBe(true)
  })
})

describe('the scanner', () => {
  test('finds every value of every document', () => {
    assert(
      property(jsonValue(), (value) => {
        const source = JSON.stringify(value, null, 2)
        const bytes = Buffer.from(source).toString('latin1')
        for (const [path, wanted] of leaves(value)) {
          if (path.length === 0) continue
          const found = findJsonValue(bytes, path)
          const text = found.kind === 'value' ? bytes.slice(found.start, found.end) : 'null'
          expect(JSON.parse(Buffer.from(text, 'latin1').toString())).toEqual(wanted)
        }
      }),
    )
  })
})

function leaves(
  value: unknown,
  path: readonly string[] = [],
): readonly [readonly string[], unknown][] {
  if (typeof value !== 'object' || value === null)
    return [[path, JSON.parse(JSON.stringify(value))]]
  return [
    [path, JSON.parse(JSON.stringify(value))],
    ...Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key])),
  ]
}

test.for(['', 'db', '/a~2', '/u'])('the pointer "%s" is refused at once', (pointer) => {
  const pointers = { username: '/u', password: pointer }
  expect(() => jsonTarget({ id: 'json', path: 'config.json', pointers })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG' }),
  )
})
