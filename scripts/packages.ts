/**
 * Builds and packs what is published, has publint and "are the types wrong" judge the archives, and
 * installs them into an empty project where every entry point must load.
 * Our packages are ESM only: what only CommonJS and resolvers from before `exports` would meet is
 * left out.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { problemsWhenInstalled } from './lib/installed.ts'
import { installPackages } from './lib/pack.ts'

const NOT_FOR_US = new Set(['node10', 'node16-cjs'])

const folder = await mkdtemp(join(tmpdir(), 'cuedot-pack-'))
try {
  for (const installed of await installPackages({ folder, peers: false })) {
    const { name } = installed.manifest
    await judge(name, await readFile(installed.archive))
    const problems = await problemsWhenInstalled(installed, folder)
    for (const problem of problems) fail(`${name}: ${problem}`)
  }
} catch (error) {
  fail(error instanceof Error ? error.message : String(error))
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function judge(name: string, archive: Uint8Array): Promise<void> {
  const tarball = new Uint8Array(archive).buffer
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
  for (const message of messages)
    fail(`${name}: publint: ${formatMessage(message, pkg) ?? message.code}`)
  const result = await checkPackage(createPackageFromTarballData(archive))
  if (!result.types) return fail(`${name}: attw: the package has no types`)
  for (const problem of result.problems) {
    const where = 'resolutionKind' in problem ? problem.resolutionKind : ''
    const entry = 'entrypoint' in problem ? problem.entrypoint : ''
    if (!NOT_FOR_US.has(where)) fail(`${name}: attw: ${problem.kind} ${entry} ${where}`)
  }
}

function fail(problem: string): void {
  console.error(problem.trimEnd())
  process.exitCode = 1
}
