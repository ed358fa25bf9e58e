import { execFile } from 'node:child_process'
import { existsSync, globSync, lstatSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeOnce } from './mysql-process.ts'

const run = promisify(execFile)

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const PUBLIC_SOURCE = 'http://deb.debian.org/debian'
/** The longest that any program may take; the largest set of packages is 60 MB. */
const LIMIT_MS = 300_000

/** Packages of one suite of Debian, and where they are put beside the system. */
export interface DebianPackages {
  readonly packages: readonly string[]
  /** `trixie`, `sid`: need not be the suite of this machine. */
  readonly suite: string
  /** Made when it is missing; holds `usr` and whatever else the packages bring. */
  readonly folder: string
  /** Patterns of paths in the folder that are thrown away. */
  readonly unused: readonly string[]
  /** True when what was extracted does run. */
  readonly runs: (folder: string) => boolean
}

/**
 * Fetches packages with all their libraries and extracts them into a folder, once. The packages are
 * checked by Debian's keys; nothing of the system changes, apt's own lists included. Does nothing
 * where the folder is there already.
 * @returns why they cannot be had
 */
export async function extractDebian(wanted: DebianPackages): Promise<string | undefined> {
  const names = wanted.packages.join(', ')
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `${names} are fetched for Linux on x64 only, not for ${process.platform}-${process.arch}`
  if (!existsSync(KEYRING)) return `there is no ${KEYRING} to check Debian’s packages with`
  try {
    await makeOnce(wanted.folder, (folder) => fetchInto(folder, wanted))
  } catch (error) {
    return `fetching ${names} failed: ${lastLine(error)}`
  }
  const fine = isOurs(wanted.folder) && wanted.runs(wanted.folder)
  return fine ? undefined : `${wanted.folder} is not ours or does not run`
}

async function fetchInto(
  folder: string,
  { packages, suite, unused, runs }: DebianPackages,
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'cuedot-apt-'))
  try {
    const env = { ...process.env, APT_CONFIG: await privateApt(root, suite), LC_ALL: 'C' }
    const apt = (...args: string[]): Promise<unknown> =>
      run('apt-get', args, { env, timeout: LIMIT_MS })
    await apt('-qq', 'update')
    await apt('-qq', '-y', '--download-only', 'install', ...packages)
    await mkdir(folder, { mode: 0o755 })
    for (const archive of globSync(join(root, 'cache/archives/*.deb')))
      await run('dpkg-deb', ['-x', archive, folder], { timeout: LIMIT_MS })
    for (const part of globSync(unused.map((path) => join(folder, path))))
      await rm(part, { recursive: true, force: true })
  } finally {
    await rm(root, { recursive: true, force: true })
  }
  if (!runs(folder)) throw new Error('what was extracted does not run')
}

/**
 * Files of an apt that knows one suite and no installed package, so that it fetches every library.
 * An unstable suite expires within days of its last change, which says nothing about the keys that
 * signed it.
 */
async function privateApt(root: string, suite: string): Promise<string> {
  const path = (name: string): string => join(root, name)
  for (const folder of ['etc/apt.conf.d', 'etc/preferences.d', 'etc/trusted.gpg.d'])
    await mkdir(path(folder), { recursive: true })
  for (const folder of ['state/lists/partial', 'cache/archives/partial'])
    await mkdir(path(folder), { recursive: true })
  await writeFile(path('status'), '')
  const source = `deb [signed-by=${KEYRING}] ${sourceOfThisMachine()} ${suite} main\n`
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

/** Others may write to the folder for temporary files, and what is in ours is run. */
export function isOurs(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false })
  if (found === undefined || !found.isDirectory()) return false
  return found.uid === process.getuid?.() && (found.mode & 0o022) === 0
}

/** How a program in a folder of {@link extractDebian} is started: with the folder's libraries. */
export interface ExtractedProgram {
  readonly command: string
  /** Stand before all others. */
  readonly args: readonly string[]
}

/** A program at `path` in the folder, such as `usr/sbin/haproxy`. */
export function extractedProgram(folder: string, path: string): ExtractedProgram {
  const libraries = join(folder, 'usr/lib/x86_64-linux-gnu')
  return {
    command: join(libraries, 'ld-linux-x86-64.so.2'),
    args: ['--library-path', libraries, join(folder, path)],
  }
}

function lastLine(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
  const text = said.trim() === '' ? String(error) : said
  return text.trim().split('\n').at(-1) ?? ''
}
