import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { dotenvTarget } from './dotenv.ts'

const KEYS = { username: 'U', password: 'P' }
const call = { signal: AbortSignal.timeout(30_000) }

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cuedot-env-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function target(
  content: string | Buffer,
  keys: { username: string; password: string } = KEYS,
) {
  const path = join(await mkdtemp(join(dir, 'x')), '.env')
  await writeFile(path, content)
  return { ...dotenvTarget({ id: 'env', path, keys }), text: () => readFile(path, 'latin1') }
}

function credential(password: string) {
  return {
    username: 'u',
    password: new Sensitive(password, 'password'),
    host: 'h',
    port: 1,
    dbname: 'd',
  }
}

describe('values of a .env file', () => {
  test.for([
    ['bare', 'P=s3cret'],
    ['bare with blanks around', '  P =  s3cret  '],
    ['bare before a comment', 'P=s3cret # note $x'],
    ['exported', 'export P=s3cret'],
    ['in single quotes', "P='s3cret'"],
    ['in double quotes', 'P="s3cret" # note'],
    ['beside longer names', 'P_OLD=x\nOLD_P=y\nP=s3cret'],
    ['beside commented ones', '# P=x\n  #P=y\nP=s3cret'],
    ['with carriage returns', 'P=s3cret\r\nX=1\r\n'],
  ] as const)('are found %s', async ([, line]) => {
    const { read } = await target(`U=u\n${line}`)
    expect((await read(call)).password.reveal()).toBe('s3cret')
  })

  test.for([
    ['that refer to a variable', 'P=s3cret$X', 'ERR_TARGET_NOT_LITERAL'],
    ['that refer to a variable in quotes', 'P="s3cret${X}"', 'ERR_TARGET_NOT_LITERAL'],
    ['that run a command', 'P="`s3cret`"', 'ERR_TARGET_NOT_LITERAL'],
    ['in backticks', 'P=`s3cret`', 'ERR_TARGET_NOT_LITERAL'],
    ['with a bare blank', 'P=s3cret x', 'ERR_TARGET_UNPARSABLE'],
    ['with a bare comment sign', 'P=s3cret#x', 'ERR_TARGET_UNPARSABLE'],
    ['with a bare operator', 'P=s3cret;x', 'ERR_TARGET_UNPARSABLE'],
    ['with a bare tilde', 'P=~s3cret', 'ERR_TARGET_UNPARSABLE'],
    ['with a bare backslash', 'P=s3cret\\x', 'ERR_TARGET_UNPARSABLE'],
    ['with an escape in double quotes', 'P="s3cret\\n"', 'ERR_TARGET_UNPARSABLE'],
    ['that are put together', `P='s3cret''x'`, 'ERR_TARGET_UNPARSABLE'],
    ['whose quote does not end', `P='s3cret`, 'ERR_TARGET_UNPARSABLE'],
    ['that span lines', `P='s3cret\nx'`, 'ERR_TARGET_UNPARSABLE'],
    ['inside another value', `X='\nP=s3cret\n'`, 'ERR_TARGET_UNPARSABLE'],
    ['given twice', 'P=s3cret\nP=s3cret', 'ERR_TARGET_AMBIGUOUS'],
    ['given inside another value too', `X='\nP=s3cret\n'\nP=s3cret`, 'ERR_TARGET_AMBIGUOUS'],
    ['not given', 'PP=s3cret', 'ERR_TARGET_INCOMPLETE'],
    ['given in a comment alone', '#P=s3cret', 'ERR_TARGET_INCOMPLETE'],
  ] as const)('are refused %s', async ([, line, code]) => {
    const { read, write, text } = await target(`U=u\n${line}`)
    for (const attempt of [() => read(call), () => write(credential('other'), call)]) {
      const error = await attempt().catch((cause: unknown) => cause)
      expect(error).toMatchObject({ code })
      expect(inspect(error)).not.toContain('s3cret')
    }
    expect(await text()).toBe(`U=u\n${line}`)
  })

  test.for([
    ['P=a', 'Ab9_./:@%+,=^!?*[]{}-', 'P=Ab9_./:@%+,=^!?*[]{}-'],
    ['P=a', 'a b', "P='a b'"],
    ['P=a', "it's", `P="it's"`],
    ['P="a"', 'b', 'P="b"'],
    ['P="a"', '$b', "P='$b'"],
    ["P='a'", 'b', "P='b'"],
    ["P='a'", "b'", `P="b'"`],
    ['P=', 'a#b', "P='a#b'"],
    ['P=a # note', '\\', "P='\\' # note"],
  ] as const)(
    'are written into %s for %s as every reader takes them',
    async ([line, value, after]) => {
      const { write, text } = await target(`U=u\n${line}`)
      await write(credential(value), call)
      expect(await text()).toBe(`U=u\n${after}`)
    },
  )

  test.for(['\'"', "'$", "'`", "'\\", 'a\nb', 'a\rb', 'a\tb', 'a\u0000b', '\ud800'])(
    'are refused untouched where readers would differ on %j',
    async (value) => {
      const { write, text } = await target('U=u\nP=a')
      await expect(write(credential(value), call)).rejects.toMatchObject({
        code: 'ERR_TARGET_UNPARSABLE',
        details: { line: 2 },
      })
      expect(await text()).toBe('U=u\nP=a')
    },
  )

  test('leave bytes that are not UTF-8 elsewhere alone', async () => {
    const { write, text } = await target(Buffer.from('# \xe9\nU=u\nP=a\n', 'latin1'))
    await write(credential('\u{1f600}'), call)
    expect(await text()).toBe(`# \xe9\nU=u\nP=${Buffer.from('\u{1f600}').toString('latin1')}\n`)
  })
})

test.for([
  { username: 'U', password: 'U' },
  { username: 'U', password: 'a-b' },
  { username: '', password: 'P' },
])('keys that cannot be are refused at once: %j', (keys) => {
  expect(() => dotenvTarget({ id: 'env', path: '.env', keys })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG' }),
  )
})
