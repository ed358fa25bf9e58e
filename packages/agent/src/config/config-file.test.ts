import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfigFile } from './config-file.ts'

test('a file that is TOML is read', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
  const path = join(dir.path, 'a.toml')
  await writeFile(path, 'http_port = 1\n[cuedot]\n[[cuedot.files]]\npath = "/a"\n')
  expect(await readConfigFile(path)).toEqual({ http_port: 1, cuedot: { files: [{ path: '/a' }] } })
})

test('a file that is not TOML is refused without a word of it', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
  const path = join(dir.path, 'a.toml')
  await writeFile(path, 'a = 1\nb = canary-canary\n')
  const error: unknown = await readConfigFile(path).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'ERR_CONFIG', message: expect.stringMatching(/at line 2/) })
  expect(String(error)).not.toContain('canary-canary')
})

test('a file that is not there is refused', async () => {
  const message = 'cannot read "/nowhere/a.toml": ENOENT'
  await expect(readConfigFile('/nowhere/a.toml')).rejects.toMatchObject({ message })
})
