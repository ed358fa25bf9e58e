import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import { print, printJson, threeLines } from '../output.ts'

/** The options of `lambda build`. */
export interface BuildOptions {
  /** The folder for the zips; made if it is not there. */
  readonly out: string
  readonly json?: true
}

/** One zip, as Lambda takes it. */
interface BuiltFunction {
  readonly name: string
  readonly file: string
  readonly bytes: number
  /** Hexadecimal. */
  readonly sha256: string
  /**
   * As Lambda shows the same hash.
   * @see AWS Lambda API reference, FunctionConfiguration, CodeSha256
   */
  readonly codeSha256: string
  readonly handler: string
  readonly runtime: string
}

/** The functions as `npm run build` leaves them: the same place from `src` and from `dist`. */
const BUILT = fileURLToPath(new URL('../../../dist/functions/', import.meta.url))

const FILES = ['LICENSES', 'index.cjs'] as const
const HOW = { handler: 'index.handler', runtime: 'nodejs24.x' } as const

/**
 * `lambda build`: a zip of each function, the same byte for byte for the same version of cuedot.
 *
 * @param built - the folder that has a folder for each function
 * @throws UsageError where no function is built, or the zips cannot be written
 */
export async function lambdaBuildCommand(
  { out, json }: BuildOptions,
  built: string = BUILT,
): Promise<ExitCode> {
  const folder = resolve(out)
  const functions: BuiltFunction[] = []
  for (const name of await namesIn(built)) {
    const zip = await zipOf(join(built, name))
    const file = join(folder, `${name}.zip`)
    await put(file, zip, folder)
    const hash = createHash('sha256').update(zip)
    const [codeSha256, sha256] = [hash.copy().digest('base64'), hash.digest('hex')]
    functions.push({ name, file, bytes: zip.length, sha256, codeSha256, ...HOW })
  }
  if (json === true) printJson({ functions }, {})
  else print(told(functions, folder))
  return EXIT.ok
}

async function namesIn(built: string): Promise<readonly string[]> {
  try {
    return (await readdir(built)).toSorted()
  } catch {
    // Whatever the reason, there is only one thing to do.
    throw new UsageError(
      `The functions are not built: ${built} cannot be read.`,
      'In a checkout run `npm run build` first. The package of npm brings them along.',
    )
  }
}

async function zipOf(folder: string): Promise<Uint8Array> {
  const { zipSync } = await import('fflate')
  // A zip has local times: these are the same everywhere.
  const mtime = new Date(1980, 0, 1, 12)
  // Lambda runs the code as another user: everybody may read it, as on any system of Unix (3).
  const options = { level: 9, mtime, os: 3, attrs: 0o100644 * 0x1_0000 } as const
  const read = FILES.map(async (name) => [name, await readFile(join(folder, name))] as const)
  return zipSync(Object.fromEntries(await Promise.all(read)), options)
}

async function put(file: string, bytes: Uint8Array, folder: string): Promise<void> {
  const temp = join(folder, `.${randomUUID()}.tmp`)
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(temp, bytes, { flag: 'wx', flush: true })
    await rename(temp, file)
  } catch (error) {
    // The first failure is the one to report.
    await rm(temp, { force: true }).catch(() => undefined)
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new UsageError(
      `${file} cannot be written: ${code}.`,
      'Give a folder in which files can be made and replaced: --out FOLDER.',
    )
  }
}

function told(functions: readonly BuiltFunction[], folder: string): string {
  const each = functions.map(({ file, bytes, sha256, codeSha256 }) =>
    [file, `${bytes} bytes`, `SHA-256    ${sha256}`, `CodeSha256 ${codeSha256}`].join('\n  '),
  )
  const names = functions.map(({ name }) => name).join(', ')
  const what = `Zips for Lambda are in ${folder}: ${names}.`
  const state = 'This version of cuedot always makes these bytes.'
  const todo = `Deploy them with the handler ${HOW.handler} on ${HOW.runtime}.`
  return [...each, '', threeLines({ what, state, todo })].join('\n')
}
