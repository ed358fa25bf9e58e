/** What of a package in `package-lock.json` matters here; the rest is kept as it is. */
export interface LockedPackage {
  readonly version?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** The packages of a lockfile by where npm puts them: `node_modules/vite`. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>

const SYSTEMS = 'aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32'
const PLATFORM = new RegExp(`(?:^|[/-])(${SYSTEMS})-([a-z0-9]+)(?:-([a-z]+))?$`)

/**
 * The optional packages of other platforms that a lockfile lacks.
 *
 * npm leaves out of the lockfile what a registry did not give it, a mirror for one platform say,
 * and `npm ci` then refuses that lockfile on every platform. Packages for one platform are named
 * after it and pinned exactly by the package that wants them: no registry is needed to add them.
 *
 * @throws Error for a package that is not pinned or whose name tells no platform.
 */
export function missingPackages(packages: LockedPackages): LockedPackages {
  const missing: Record<string, LockedPackage> = {}
  for (const [parent, locked] of Object.entries(packages))
    for (const [name, version] of Object.entries(locked.optionalDependencies ?? {}))
      if (!isLocked(packages, parent, name))
        missing[`node_modules/${name}`] = forPlatform(name, version, locked.dev === true)
  return missing
}

/** npm looks beside the parent's own dependencies first, then further and further out. */
function isLocked(packages: LockedPackages, parent: string, name: string): boolean {
  const folders = parent.split(/(?=\/?node_modules\/)/)
  return [...folders, ''].some((_, index) => {
    const folder = folders.slice(0, folders.length - index).join('')
    return `${folder}${folder === '' ? '' : '/'}node_modules/${name}` in packages
  })
}

function forPlatform(name: string, version: string, dev: boolean): LockedPackage {
  const [, os, processor, abi] = PLATFORM.exec(name) ?? []
  if (os === undefined || processor === undefined || !/^\d+\.\d+\.\d+\S*$/.test(version))
    throw new Error(`${name}@${version} is not in the lockfile, and its name tells no platform`)
  const libc = abi?.startsWith('gnu') ? 'glibc' : abi?.startsWith('musl') ? 'musl' : undefined
  return {
    version,
    cpu: [processor],
    ...(dev && { dev }),
    ...(os === 'linux' && libc !== undefined && { libc: [libc] }),
    optional: true,
    os: [os],
  }
}
