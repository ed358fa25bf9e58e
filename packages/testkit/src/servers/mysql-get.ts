import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeOnce } from './mysql-process.ts'
import { MYSQL_FOLDER, findMysql, programIn } from './mysql-program.ts'

const run = promisify(execFile)

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const PUBLIC_SOURCE = 'http://deb.debian.org/debian'
/** The one suite of Debian that has MySQL. */
const SUITE = 'sid'
const PACKAGE = 'mysql-server-core'
/** The longest that any program may take; downloading is 60 MB. */
const LIMIT_MS = 300_000

/**
 * Fetches MySQL's server with all its libraries and extracts it into {@link MYSQL_FOLDER}: 60 MB,
 * 10 seconds, once. The packages are checked by Debian's keys; nothing of the system changes, apt's
 * own lists included. Does nothing where a server is there already.
 * @returns why there is none, where it cannot be had
 */
export async function obtainMysql(): Promise<string | undefined> {
  if (findMysql() !== undefined) return undefined
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `MySQL is fetched for Linux on x64 only, not for ${process.platform}-${process.arch}`
  if (!existsSync(KEYRING)) return `there is no ${KEYRING} to check Debian’s packages with`
  try {
    await makeOnce(MYSQL_FOLDER, fetchInto)
  } catch (error) {
    return `fetching ${PACKAGE} failed: ${lastLine(error)}`
  }
  return findMysql() === undefined ? `${MYSQL_FOLDER} is not ours or does not run` : undefined
}

async function fetchInto(folder: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'cuedot-apt-'))
  try {
    const env = { ...process.env, APT_CONFIG: await privateApt(root), LC_ALL: 'C' }
    const apt = (...args: string[]): Promise<unknown> =>
      run('apt-get', args, { env, timeout: LIMIT_MS })
    await apt('-qq', 'update')
    await apt('-qq', '-y', '--download-only', 'install', PACKAGE)
    await mkdir(folder, { mode: 0o755 })
    for (const archive of globSync(join(root, 'cache/archives/*.deb')))
      await run('dpkg-deb', ['-x', archive, folder], { timeout: LIMIT_MS })
    for (const part of globSync(UNUSED.map((path) => join(folder, path))))
      await rm(part, { recursive: true, force: true })
  } finally {
    await rm(root, { recursive: true, force: true })
  }
  if (programIn(folder) === undefined) throw new Error('the extracted server does not run')
}

/** What the dependencies bring and the server never opens: two thirds of it all. */
const UNUSED: readonly string[] = [
  'etc',
  'usr/bin',
  'usr/lib/systemd',
  'usr/lib/udev',
  'usr/lib/x86_64-linux-gnu/{gconv,perl,systemd}',
  'usr/share/{bug,doc,lintian,locale,man,perl*}',
]

/**
 * Files of an apt that knows one suite and no installed package, so that it fetches every library.
 * An unstable suite expires within days of its last change, which says nothing about the keys that
 * signed it.
 */
async function privateApt(root: string): Promise<string> {
  const path = (name: string): string => join(root, name)
  for (const folder of ['etc/apt.conf.d', 'etc/preferences.d', 'etc/trusted.gpg.d'])
    await mkdir(path(folder), { recursive: true })
  for (const folder of ['state/lists/partial', 'cache/archives/partial'])
    await mkdir(path(folder), { recursive: true })
  await writeFile(path('status'), '')
  const source = `deb [signed-by=${KEYRING}] ${sourceOfThisMachine()} ${SUITE} main\n`
  await writeFile(path('etc/sources.list'), source)
  await writeFile(
    path('apt.conf'),
    `Dir "${root}";
Dir::State "${path('state')}";
Dir::State::status "${path('status')}";
Dir::Cache "${path('cache')}";
Dir::Etc "${path('etc')}";
APT::Architecture "amd64";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Debug::NoLocking "true";
`,
  )
  return path('apt.conf')
}

/** Where this machine gets its own packages from may be the one place that it can reach. */
function sourceOfThisMachine(): string {
  const files = globSync('/etc/apt/{sources.list,sources.list.d/*}')
  const texts = files.map((file) => readFileSync(file, 'utf8')).join('\n')
  const found = /^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(https?:\/\/\S+\/debian)\/?(?:\s|$)/m.exec(texts)
  return found?.[1] ?? PUBLIC_SOURCE
}

function lastLine(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
  const text = said.trim() === '' ? String(error) : said
  return text.trim().split('\n').at(-1) ?? ''
}
