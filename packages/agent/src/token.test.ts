import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { readToken } from './token.ts'

const NAMES = ['AWS_TOKEN', 'AWS_SESSION_TOKEN'] as const

describe('the token', () => {
  test('is that of the first variable that is set', async () => {
    const token = await readToken(NAMES, { AWS_TOKEN: '', AWS_SESSION_TOKEN: 'canary-token' })
    expect([token.matches('canary-token'), token.matches('canary-tokem')]).toEqual([true, false])
    const first = await readToken(NAMES, { AWS_TOKEN: 'one', AWS_SESSION_TOKEN: 'two' })
    expect([first.matches('one'), first.matches('two')]).toEqual([true, false])
  })

  test('is compared whole, whatever is given', async () => {
    const token = await readToken(NAMES, { AWS_TOKEN: 'abc' })
    for (const given of ['', 'ab', 'abcd', ' abc', 'ABC', 'a'.repeat(10_000)])
      expect(token.matches(given), given).toBe(false)
  })

  test('may have letters that are not ASCII', async () => {
    const token = await readToken(NAMES, { AWS_TOKEN: 'tökén' })
    expect(token.matches(Buffer.from('tökén').toString('latin1'))).toBe(true)
  })

  test('is read from the file that a variable names, and trimmed', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
    const path = join(dir.path, 'token')
    await writeFile(path, ' from file\n\n')
    const token = await readToken(NAMES, { AWS_TOKEN: `file://${path}` })
    expect(token.matches('from file')).toBe(true)
    expect(token.matches(`file://${path}`)).toBe(false)
  })

  test('that is missing or empty keeps the agent from starting', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
    await writeFile(join(dir.path, 'empty'), ' \n')
    const cases = [
      [{}, 'no token: none of AWS_TOKEN, AWS_SESSION_TOKEN is set'],
      [{ AWS_TOKEN: 'file:///nowhere/t' }, /AWS_TOKEN names cannot be read: ENOENT$/],
      [{ AWS_TOKEN: `file://${dir.path}/empty` }, /AWS_TOKEN names is empty$/],
    ] as const
    for (const [environment, message] of cases)
      await expect(readToken(NAMES, environment)).rejects.toMatchObject({
        code: 'ERR_START',
        message: typeof message === 'string' ? message : expect.stringMatching(message),
      })
  })

  test('is not shown by whoever holds it', async () => {
    const token = await readToken(NAMES, { AWS_TOKEN: 'canary-token' })
    expect(inspect(token, { showHidden: true }) + JSON.stringify(token)).not.toContain('canary')
  })
})
