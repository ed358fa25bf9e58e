import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const root = (path: string): string =>
  fileURLToPath(new URL(`../../../../${path}`, import.meta.url))

/** Where the image has the program. */
const HOME = '/opt/cuedot'

/** What the image of OpenEMR's rotation holds and runs, in a folder of this machine. */
export interface OpenemrImage extends AsyncDisposable {
  /** Stands for {@link HOME}. */
  readonly folder: string
  /** Arguments of Node, by the image's entry point: its flags, the program, the command. */
  readonly entryPoint: readonly string[]
  /** What the entry point is told where nothing else is. */
  readonly command: readonly string[]
}

/** Carries out what the Dockerfile does to the program, for want of an engine that builds it. */
export async function makeOpenemrImage(): Promise<OpenemrImage> {
  await using making = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'cuedot-image-'))
  making.defer(() => rm(folder, { recursive: true, force: true }))
  const dockerfile = await readFile(root('infra/openemr/Dockerfile'), 'utf8')
  const [node, ...entryPoint] = wordsOf(dockerfile, 'ENTRYPOINT')
  if (node !== 'node') throw new Error('the entry point of the image does not begin with node')
  await run(process.execPath, ['--conditions=cuedot-source', root('scripts/bundle.ts'), folder])
  const made = making.move()
  return {
    folder,
    entryPoint: entryPoint.map((word) => word.replace(HOME, folder)),
    command: wordsOf(dockerfile, 'CMD'),
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  }
}

function wordsOf(dockerfile: string, instruction: 'ENTRYPOINT' | 'CMD'): readonly string[] {
  const text = new RegExp(`^${instruction} (\\[.*\\])$`, 'm').exec(dockerfile)?.[1] ?? '[]'
  const words: readonly string[] = JSON.parse(text)
  if (words.length === 0) throw new Error(`the Dockerfile has no ${instruction} that is a list`)
  return words
}
