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
  const problem = whyNoDebian(names)
  if (problem !== undefined) return problem
  try {
    await makeOnce(wanted.folder, (folder) => fetchInto(folder, wanted))
  } catch (error) {
    return `fetching ${names} failed: ${lastLine(error)}`
  }
  const fine = isOurs(wanted.folder) && wanted.runs(wanted.folder)
  return fine ? undefined : `${wanted.folder} is not ours or does not run`
}

/** Why packages of Debian cannot be fetched and run on this machine, if they cannot. */
export function whyNoDebian(names: string): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `${names} are fetched for Linux on x64 only, not for ${process.platform}-${process.arch}`
  if (!existsSync(KEYRING)) return `there is no ${KEYRING} to check Debian’s packages with`
  return undefined
}

async function fetchInto(
  folder: string,
  { packages, suite, unused, runs }: DebianPackages,
): Promise<void> {
  await using apt = await privateApt({ suite })
  await apt.extract(packages, folder)
  for (const part of globSync(unused.map((path) => join(folder, path))))
    await rm(part, { recursive: true, force: true })
  if (!runs(folder)) throw new Error('what was extracted does not run')
}

/** An apt that knows one suite and nothing of what is installed; disposing removes its files. */
export interface PrivateApt extends AsyncDisposable {
  /** Fetches packages with all their libraries, checks them and extracts them into a new folder. */
  extract(packages: readonly string[], folder: string): Promise<void>
  /** Fetches the files of a source package, checked, into a folder that is there. */
  source(name: string, folder: string): Promise<void>
}

/**
 * @param options - the suite, such as `bookworm`, and whether source packages are wanted, too.
 *   Default: they are not
 */
export async function privateApt(options: {
  readonly suite: string
  readonly sources?: boolean
}): Promise<PrivateApt> {
  await using starting = new AsyncDisposableStack()
  const root = await mkdtemp(join(tmpdir(), 'cuedot-apt-'))
  starting.defer(() => rm(root, { recursive: true, force: true }))
  const env = { ...process.env, APT_CONFIG: await aptFiles(root, options), LC_ALL: 'C' }
  const apt = (args: readonly string[], cwd = root): Promise<unknown> =>
    run('apt-get', [...args], { env, timeout: LIMIT_MS, cwd })
  await apt(['-qq', 'update'])
  const running = starting.move()
  return {
    async extract(packages, folder) {
      await apt(['-qq', '-y', '--download-only', 'install', ...packages])
      await mkdir(folder, { mode: 0o755 })
      for (const archive of globSync(join(root, 'cache/archives/*.deb')))
        await run('dpkg-deb', ['-x', archive, folder], { timeout: LIMIT_MS })
    },
    source: async (name, folder) =>
      void (await apt(['-qq', '--download-only', 'source', name], folder)),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/**
 * Without any installed package every library is fetched. An unstable suite expires within days of
 * its last change, which says nothing about the keys that signed it.
 */
async function aptFiles(
  root: string,
  { suite, sources = false }: { readonly suite: string; readonly sources?: boolean },
): Promise<string> {
  const path = (name: string): string => join(root, name)
  for (const folder of ['etc/apt.conf.d', 'etc/preferences.d', 'etc/trusted.gpg.d'])
    await mkdir(path(folder), { recursive: true })
  for (const folder of ['state/lists/partial', 'cache/archives/partial'])
    await mkdir(path(folder), { recursive: true })
  await writeFile(path('status'), '')
  const where = `[signed-by=${KEYRING}] ${sourceOfThisMachine()} ${suite} main\n`
  await writeFile(path('etc/sources.list'), `deb ${where}${sources ? `deb-src ${where}` : ''}`)
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

/** The last line that a program said on stderr, or else what is known. */
export function lastLine(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
  const text = said.trim() === '' ? String(error) : said
  return text.trim().split('\n').at(-1) ?? ''
}
