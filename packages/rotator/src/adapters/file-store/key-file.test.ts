import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createKeyFile, readKeyFile } from './key-file.ts'

let folder = ''
let path = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cuedot-key-'))
  path = join(folder, 'key')
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

const refused = (problem: string): object => ({
  code: 'ERR_STORE_KEY',
  details: { secret: path, problem },
})

describe('a key file', () => {
  test('is read as it was made, with mode 0600', async () => {
    const made = await createKeyFile(path)
    const read = await readKeyFile(path)
    expect(Buffer.from(read.reveal()).equals(made.reveal())).toBe(true)
    expect(read.reveal()).toHaveLength(32)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('is never made over another one', async () => {
    await createKeyFile(path)
    await expect(createKeyFile(path)).rejects.toMatchObject(refused('cannot be made: EEXIST'))
  })

  test.each([0o640, 0o604, 0o660, 0o620, 0o644])('with mode %o is refused', async (mode) => {
    await createKeyFile(path)
    chmodSync(path, mode)
    await expect(readKeyFile(path)).rejects.toMatchObject(
      refused('its group or others may read it: chmod 600'),
    )
  })

  test.each([
    ['empty', ''],
    ['too short', Buffer.alloc(31).toString('base64')],
    ['too long', Buffer.alloc(33).toString('base64')],
    ['hexadecimal', Buffer.alloc(32).toString('hex')],
    ['two lines', `${Buffer.alloc(32).toString('base64')}\n\n`],
    ['huge', 'A'.repeat(5000)],
  ])('that is malformed is refused: %s', async (_kind, text) => {
    writeFileSync(path, text, { mode: 0o600 })
    await expect(readKeyFile(path)).rejects.toMatchObject(refused('not 32 bytes in base64'))
  })

  test('that is missing or no file is refused', async () => {
    await expect(readKeyFile(path)).rejects.toMatchObject(refused('cannot be read: ENOENT'))
    path = folder
    await expect(readKeyFile(folder)).rejects.toMatchObject(refused('not a regular file'))
  })
})
