import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ROOT, run, runScript } from './run.ts'

/** What is published, in an order in which each finds those it needs. */
const PACKAGES = ['client', 'agent', 'rotator'] as const

/** What of a manifest matters to somebody who installs the package. */
export interface Manifest {
  readonly name: string
  readonly exports?: Readonly<Record<string, unknown>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Where packages are installed, and what with. */
export interface Project {
  /** An empty folder. */
  readonly folder: string
  /** Whether the optional peers are there, too. */
  readonly peers: boolean
}

/** One package as npm would install it. */
export interface Installed {
  readonly manifest: Manifest
  /** The archive that was packed. */
  readonly archive: string
  /** Where it was unpacked, in `node_modules`. */
  readonly home: string
}

/**
 * Builds and packs our packages, and installs them into a project: beside each is what its manifest
 * declares and nothing else, so an import that is not declared cannot be resolved there.
 *
 * @throws with what the compiler or npm has said
 */
export async function installPackages(project: Project): Promise<readonly Installed[]> {
  const built = await runScript('build.ts')
  if (built.code !== 0) throw new Error(built.output)
  const installed: Installed[] = []
  for (const name of PACKAGES)
    installed.push(await install(await pack(name, project.folder), project))
  return installed
}

async function pack(name: string, folder: string): Promise<string> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const { code, output } = await run('npm', args, { cwd: join(ROOT, 'packages', name) })
  const file = /"filename": "([^"]+)"/.exec(output)?.[1]
  if (code !== 0 || file === undefined) throw new Error(`npm pack of ${name}: ${output}`)
  return join(folder, file)
}

async function install(archive: string, project: Project): Promise<Installed> {
  const staging = await mkdtemp(join(project.folder, 'unpacked-'))
  await succeed('tar', ['-xzf', archive, '-C', staging])
  const text = await readFile(join(staging, 'package/package.json'), 'utf8')
  const manifest: Manifest = JSON.parse(text)
  const home = join(project.folder, 'node_modules', manifest.name)
  await mkdir(home, { recursive: true })
  await succeed('cp', ['-R', `${staging}/package/.`, home])
  await linkDependencies(manifest, project)
  return { manifest, archive, home }
}

async function linkDependencies(manifest: Manifest, { folder, peers }: Project): Promise<void> {
  const declared = {
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...(peers && manifest.peerDependencies),
  }
  for (const name of Object.keys(declared)) {
    const here = join(folder, 'node_modules', name)
    const there = join(ROOT, 'node_modules', name)
    if (existsSync(here) || !existsSync(there)) continue
    await mkdir(dirname(here), { recursive: true })
    await symlink(there, here)
  }
}

async function succeed(program: string, args: readonly string[]): Promise<void> {
  const { code, output } = await run(program, args)
  if (code !== 0) throw new Error(output)
}
