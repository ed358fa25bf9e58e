import { mkdtemp, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { appendFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { dotenvTarget } from './dotenv.ts'
import { fileTarget } from './file-target.ts'
import { jsonTarget } from './json.ts'
import { phpSqlconfTarget } from './php-sqlconf/target.ts'
import { locateSqlconf } from './php-sqlconf/locate.ts'

const CREDENTIAL = {
  username: 'user-b',
  password: new Sensitive('new', 'password'),
  host: 'h',
  port: 3306,
  dbname: 'd',
}
const PHP = `<?php $host='h'; $port=3306; $login="user-a"; $pass="\\x6fld"; $dbase='d';`
const KEYS = { username: 'U', password: 'P' }
const call = { signal: AbortSignal.timeout(30_000) }

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cuedot-files-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, content)
  return path
}

const TARGETS = [
  ['php', (path: string) => phpSqlconfTarget({ id: 'x', path })],
  ['env', (path: string) => dotenvTarget({ id: 'x', path, keys: KEYS })],
  [
    'json',
    (path: string) => jsonTarget({ id: 'x', path, pointers: { username: '/U', password: '/P' } }),
  ],
] as const

describe('a config file', () => {
  test('that somebody changes while it is rewritten is left to them', async () => {
    const path = await file('changed.php', PHP)
    const locate = (source: string) => {
      appendFileSync(path, '# somebody else\n')
      return locateSqlconf(source, path)
    }
    const write = fileTarget({ id: 'x', path, locate }).write(CREDENTIAL, call)
    await expect(write).rejects.toMatchObject({ code: 'ERR_TARGET_CHANGED', details: { path } })
    expect(await readFile(path, 'utf8')).toMatch(/^<\?php .*\\x6fld.*# somebody else/s)
  })

  test('gets its own spelling back with its own value', async () => {
    const path = await file('spelling.php', PHP)
    const target = phpSqlconfTarget({ id: 'x', path })
    await target.write(CREDENTIAL, call)
    expect(await readFile(path, 'utf8')).toContain('$login="user-b"; $pass="new"')
    const before = { ...CREDENTIAL, username: 'user-a', password: new Sensitive('old', 'password') }
    await target.write(before, call)
    expect(await readFile(path, 'utf8')).toBe(PHP)
  })

  test('whose two forms differ is refused by reader and writer', async () => {
    const path = await file('differs.php', `${PHP}\n$sqlconf['pass'] = 'other';`)
    const target = phpSqlconfTarget({ id: 'x', path })
    const refused = { code: 'ERR_TARGET_AMBIGUOUS', details: { line: 2 } }
    await expect(target.read(call)).rejects.toMatchObject(refused)
    await expect(target.write(CREDENTIAL, call)).rejects.toMatchObject(refused)
  })

  test('is read without a port where that is empty, and given one', async () => {
    const path = await file('port.php', PHP.replace('3306', "''"))
    const target = phpSqlconfTarget({ id: 'x', path })
    expect(await target.read(call)).not.toHaveProperty('port')
    await target.write(CREDENTIAL, call)
    expect(await target.read(call)).toHaveProperty('port', 3306)
  })

  test.for(["'0'", "'65536'", "'03306'", "'mysql'", '65536'])(
    'with the port %s is refused',
    async (port) => {
      const path = await file('bad-port.php', PHP.replace('3306', port))
      const refused = { code: 'ERR_TARGET_UNPARSABLE', details: { line: 1 } }
      await expect(phpSqlconfTarget({ id: 'x', path }).read(call)).rejects.toMatchObject(refused)
    },
  )

  test('keeps the link that leads to it', async () => {
    await file('linked.php', PHP)
    const path = join(dir, 'link.php')
    await symlink('linked.php', path)
    await phpSqlconfTarget({ id: 'x', path }).write(CREDENTIAL, call)
    expect(await readFile(join(dir, 'linked.php'), 'utf8')).toContain('"new"')
  })
})

describe.for(TARGETS)('what stands under the name of a config file (%s)', ([kind, make]) => {
  test('is missing where a folder is missing too', async () => {
    const read = make(join(dir, 'no', 'such', kind)).read(call)
    await expect(read).rejects.toMatchObject({ code: 'ERR_TARGET_MISSING' })
  })

  test('cannot be a folder', async () => {
    await mkdir(join(dir, `folder-${kind}`))
    const read = make(join(dir, `folder-${kind}`)).read(call)
    await expect(read).rejects.toMatchObject({
      code: 'ERR_TARGET_UNREADABLE',
      details: { reason: 'not a regular file' },
    })
  })

  test('cannot be binary', async () => {
    const path = await file(`binary-${kind}`, Buffer.from([10, 10, 0, 1, 2]))
    const refused = { code: 'ERR_TARGET_UNPARSABLE', details: { line: 3 } }
    await expect(make(path).read(call)).rejects.toMatchObject(refused)
  })

  test('cannot be larger than a config file', async () => {
    const path = await file(`large-${kind}`, PHP)
    await truncate(path, 2 ** 20 + 1)
    const refused = { code: 'ERR_TARGET_UNPARSABLE', details: { problem: 'over 1 MiB' } }
    await expect(make(path).read(call)).rejects.toMatchObject(refused)
  })
})
