import { join } from 'node:path'
import type { Installed } from './pack.ts'
import { run } from './run.ts'

/** What is wrong, one line each: entry points that do not load, programs that do not run. */
export async function problemsWhenInstalled(
  installed: Installed,
  project: string,
): Promise<readonly string[]> {
  const problems = await Promise.all([...imports(installed, project), ...programs(installed)])
  return problems.filter((problem) => problem !== undefined)
}

function imports({ manifest }: Installed, project: string): readonly Promise<string | undefined>[] {
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

function programs({ manifest, home }: Installed): readonly Promise<string | undefined>[] {
  return Object.entries(manifest.bin ?? {}).map(async ([name, file]) => {
    const { code, output } = await run(process.execPath, [join(home, file), '--help'])
    return code === 0 ? undefined : `${name} --help exits with ${code}: ${output}`
  })
}
