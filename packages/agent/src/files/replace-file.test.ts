import { chmod, lstat, mkdir, mkdtempDisposable, readFile, readdir } from 'node:fs/promises'
import { symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { removeLeftovers, replaceFile } from './replace-file.ts'

const BYTES = Buffer.from('canary')

test('a file is made and replaced, and only this user may read it', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
  const path = join(dir.path, 'a')
  expect(await replaceFile(path, Buffer.from('before'))).toBe(true)
  const before = await lstat(path)
  expect(await replaceFile(path, BYTES)).toBe(true)
  const after = await lstat(path)
  expect([await readFile(path, 'utf8'), after.mode & 0o777]).toEqual(['canary', 0o600])
  expect(after.ino).not.toBe(before.ino)
  expect(await readdir(dir.path)).toEqual(['a'])
})

test('a file that holds the bytes is left as it is, unless others may read it', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
  const path = join(dir.path, 'a')
  await replaceFile(path, BYTES)
  expect(await replaceFile(path, BYTES)).toBe(false)
  await chmod(path, 0o644)
  expect(await replaceFile(path, BYTES)).toBe(true)
  expect((await lstat(path)).mode & 0o777).toBe(0o600)
})

test('a link is replaced and not followed', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
  const [path, other] = [join(dir.path, 'a'), join(dir.path, 'b')]
  await writeFile(other, 'other')
  await symlink(other, path)
  await replaceFile(path, BYTES)
  expect([(await lstat(path)).isFile(), await readFile(other, 'utf8')]).toEqual([true, 'other'])
})

test('what fails leaves nothing beside the file, and what was left is removed', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
  const path = join(dir.path, 'a')
  await mkdir(path)
  await expect(replaceFile(path, BYTES)).rejects.toMatchObject({ code: 'EISDIR' })
  expect(await readdir(dir.path)).toEqual(['a'])
  const left = '.cuedot-ca978112ca1bbdca-0000000000000000'
  await writeFile(join(dir.path, left), 'canary')
  await removeLeftovers(path)
  expect(await readdir(dir.path)).toEqual(['a'])
})
