import { existsSync } from 'node:fs'
import { mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ROOT, run } from './run.ts'

/** What of a manifest matters to somebody who installs the package. */
interface Manifest {
  readonly name: string
  readonly exports?: Readonly<Record<string, unknown>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/**
 * Unpacks an archive where npm would install it and puts beside it what its manifest declares and
 * nothing else: an import that is not declared cannot be resolved there.
 *
 * @returns what is wrong, one line each: entry points that do not load, programs that do not run.
 */
export async function problemsWhenInstalled(
  archive: string,
  project: string,
): Promise<readonly string[]> {
  const staging = `${archive}.unpacked`
  await mkdir(staging)
  const unpacked = await run('tar', ['-xzf', archive, '-C', staging])
  if (unpacked.code !== 0) return [unpacked.output]
  const text = await readFile(join(staging, 'package/package.json'), 'utf8')
  const manifest: Manifest = JSON.parse(text)
  const home = join(project, 'node_modules', manifest.name)
  await mkdir(home, { recursive: true })
  const moved = await run('cp', ['-R', `${staging}/package/.`, home])
  if (moved.code !== 0) return [moved.output]
  await linkDependencies(manifest, project)
  const problems = await Promise.all([...imports(manifest, project), ...programs(manifest, home)])
  return problems.filter((problem) => problem !== undefined)
}

async function linkDependencies(manifest: Manifest, project: string): Promise<void> {
  const declared = { ...manifest.dependencies, ...manifest.optionalDependencies }
  for (const name of Object.keys(declared)) {
    const here = join(project, 'node_modules', name)
    const there = join(ROOT, 'node_modules', name)
    if (existsSync(here) || !existsSync(there)) continue
    await mkdir(dirname(here), { recursive: true })
    await symlink(there, here)
  }
}

function imports(manifest: Manifest, project: string): readonly Promise<string | undefined>[] {
  return Object.keys(manifest.exports ?? {})
    .filter((entry) => !entry.endsWith('.json'))
    .map(async (entry) => {
      const specifier = manifest.name + entry.slice(1)
      const code = `await import(${JSON.stringify(specifier)})`
      const args = ['--input-type=module', '-e', code]
      const { code: exit, output } = await run(process.execPath, args, { cwd: project })
      return exit === 0 ? undefined : `import of ${specifier}: ${output}`
    })
}

function programs(manifest: Manifest, home: string): readonly Promise<string | undefined>[] {
  return Object.entries(manifest.bin ?? {}).map(async ([name, file]) => {
    const { code, output } = await run(process.execPath, [join(home, file), '--help'])
    return code === 0 ? undefined : `${name} --help exits with ${code}: ${output}`
  })
}
