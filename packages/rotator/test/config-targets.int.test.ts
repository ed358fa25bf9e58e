import {
  chmod,
  chown,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv, promisify } from 'node:util'
import { constantFrom, oneof, sample, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configTargetConformance } from '../../testkit/src/conformance/config-target.ts'
import type {
  ConfigTargetFixture,
  StartConfigTarget,
} from '../../testkit/src/conformance/config-target.ts'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { dotenvTarget } from '../src/adapters/files/dotenv.ts'
import { jsonTarget } from '../src/adapters/files/json.ts'
import { phpSqlconfTarget } from '../src/adapters/files/php-sqlconf/target.ts'
import type { ConfigTarget } from '../src/ports/config-target.ts'
import { cases, SEED } from './fuzz.ts'
import { SQLCONF_LAYOUTS } from './sqlconf-layouts.ts'

const run = promisify(execFile)

/** A format with a file of it, whose values are pasted as they are. */
interface FileKind {
  readonly name: string
  readonly render: (credential: Credential) => Buffer
  readonly target: (path: string) => ConfigTarget
}

const NAMES = { username: 'DB_USER', password: 'DB_PASSWORD', host: 'H', port: 'P', dbname: 'D' }

function dotenv(
  name: string,
  render: (values: Credential & { secret: string }) => string,
): FileKind {
  return {
    name,
    render: (credential) =>
      Buffer.from(render({ ...credential, secret: credential.password.reveal() })),
    target: (path) => dotenvTarget({ id: 'file', path, keys: NAMES }),
  }
}

const KINDS: readonly FileKind[] = [
  ...SQLCONF_LAYOUTS.map((layout) => ({
    name: `sqlconf.php, ${layout.name}`,
    render: ({ host, port, username, password, dbname }: Credential) =>
      layout.render({ host, port, login: username, pass: password.reveal(), dbase: dbname }),
    target: (path: string) => phpSqlconfTarget({ id: 'file', path }),
  })),
  dotenv(
    '.env, bare and exported',
    ({ username, secret, host, port, dbname }) =>
      `# DB_PASSWORD=old\nexport DB_USER=${username}\n  DB_PASSWORD=${secret} # live\n\n` +
      `OTHER='DB\nlines'\nH=${host}\nP=${port}\nD=${dbname}\nDB_PASSWORD_OLD=x`,
  ),
  dotenv('.env, quoted, with carriage returns', ({ username, secret, host, port, dbname }) =>
    [
      `DB_USER="${username}"`,
      `DB_PASSWORD='${secret}'`,
      `H="${host}" # \u{1f600}`,
      `P="${port}"`,
      `D='${dbname}'`,
      '',
    ].join('\r\n'),
  ),
  {
    name: 'JSON',
    render: ({ username, password, host, port, dbname }) =>
      Buffer.from(
        `{\r\n\t"\\u0064b" : {"user":"${username}","password" :\n"${password.reveal()}", ` +
          `"ports": [ 1.50, ${port} ],"x":{"user":"other"}},\n  "a/b": {"~": "${host}"}, ` +
          `"big": 12345678901234567890, "twice": 1, "twice": 2, "\u{1f600}": "${dbname}"}\n`,
      ),
    target: (path) =>
      jsonTarget({
        id: 'file',
        path,
        pointers: {
          username: '/db/user',
          password: '/db/password',
          port: '/db/ports/1',
          host: '/a~1b/~0',
          dbname: '/\u{1f600}',
        },
      }),
  },
]

/** An owner and a mode that a careless writer would not keep. Only root may give a file away. */
const OWNER = process.getuid?.() === 0 ? { uid: 1000, gid: 101 } : undefined

function starter({ render, target }: FileKind): StartConfigTarget {
  return async (initial) => {
    const dir = await mkdtemp(join(tmpdir(), 'cuedot-target-'))
    const path = join(dir, 'config')
    await writeFile(path, render(initial))
    if (OWNER) await chown(path, OWNER.uid, OWNER.gid)
    await chmod(path, 0o400)
    return {
      target: target(path),
      carries: ['host', 'port', 'dbname'],
      everything: () => readFile(path),
      expected: render,
      stamp: async () => {
        const { ino, mtimeNs } = await stat(path, { bigint: true })
        return `${ino} ${mtimeNs}`
      },
      attributes: async () => {
        const { mode, uid, gid } = await stat(path)
        return { mode, uid, gid }
      },
      leftovers: async () => (await readdir(dir)).filter((name) => name !== 'config'),
      breakWrites: () => refuseWrites(dir, path),
      remove: () => unlink(path),
      [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
    } satisfies ConfigTargetFixture
  }
}

/** A folder that may not be written to. Root may write anywhere, so it becomes somebody else. */
async function refuseWrites(dir: string, path: string): Promise<AsyncDisposable | string> {
  const nobody = 65_534
  const { seteuid } = process
  await chmod(path, 0o444)
  await chmod(dir, 0o555)
  if (OWNER && !seteuid) return 'cannot become another user on this system'
  if (OWNER) seteuid?.(nobody)
  return {
    [Symbol.asyncDispose]: async () => {
      if (OWNER) seteuid?.(0)
      await chmod(dir, 0o755)
    },
  }
}

for (const kind of KINDS) configTargetConformance(kind.name, starter(kind))

/** Passwords that the target takes, and how each reader of .env files gets them back. */
describe('a .env file as its readers read it', () => {
  const COUNT = cases('passwords in .env files', { short: 300, share: 0.003 })
  const character = oneof(
    { weight: 4, arbitrary: constantFrom(...`abcXYZ019_./:@%+,=^!?*[]{}-~;&|<>() #'"$\\\``) },
    { weight: 1, arbitrary: string({ unit: 'grapheme', minLength: 1, maxLength: 2 }) },
  )
  const passwords = sample(string({ unit: character, minLength: 1, maxLength: 16 }), {
    seed: SEED,
    numRuns: COUNT,
  })

  test(`gives Node and a shell what was written (seed ${SEED})`, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cuedot-env-'))
    try {
      const path = join(dir, '.env')
      await writeFile(path, envFile(COUNT))
      const written = await writeEach(path, passwords)
      expect(written.size).toBeGreaterThan(COUNT / 2)
      const names = [...written.keys()]
      const expected = [...written.values()]
      const parsed = parseEnv(await readFile(path, 'utf8'))
      expect(names.map((name) => parsed[name])).toEqual(expected)
      expect(await printedByNode(path, names)).toEqual(expected)
      expect(await printedByShell(path, names)).toEqual(expected)
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  })
})

/** Bare, single-quoted and double-quoted places in turn. */
function envFile(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const quote = ['', "'", '"'][index % 3] ?? ''
    return `U${index}=user\nexport P${index}=${quote}old${quote} # note`
  })
  return `${lines.join('\n')}\n`
}

/** Which keys hold what, of those whose new value was not refused. */
async function writeEach(
  path: string,
  passwords: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const written = new Map<string, string>()
  const base = { username: 'user', host: 'h', port: 1, dbname: 'd' }
  for (const [index, text] of passwords.entries()) {
    const keys = { username: `U${index}`, password: `P${index}` }
    const password = new Sensitive(text, 'password')
    try {
      const call = { signal: AbortSignal.timeout(30_000) }
      await dotenvTarget({ id: 'env', path, keys }).write({ ...base, password }, call)
      written.set(keys.password, text)
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_TARGET_UNPARSABLE' })
    }
  }
  return written
}

async function printedByNode(path: string, names: readonly string[]): Promise<readonly string[]> {
  const values = `${JSON.stringify(names)}.map((name) => process.env[name])`
  const program = `console.log(JSON.stringify(${values}))`
  const { stdout } = await run(process.execPath, [`--env-file=${path}`, '-e', program], { env: {} })
  return JSON.parse(stdout)
}

async function printedByShell(path: string, names: readonly string[]): Promise<readonly string[]> {
  const values = names.map((name) => `"$${name}"`)
  const program = `set -a; . "$1"; printf '%s\\0' ${values.join(' ')}`
  const { stdout } = await run('/bin/sh', ['-c', program, 'sh', path], { env: {} })
  return stdout.split('\0').slice(0, -1)
}
