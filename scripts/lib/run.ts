import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the project, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))

/** Our packages resolve to their sources under this condition. */
const FROM_SOURCE = '--conditions=cuedot-source'

/** How a program ended. */
export interface Ended {
  /** The exit code; 1 when a signal ended it or it could not be started. */
  readonly code: number
  /** What it wrote to both outputs, in the order of arrival; empty when shown. */
  readonly output: string
}

/** What {@link run} may be told. */
export interface RunOptions {
  /** Default: the root of the project. */
  readonly cwd?: string
  /** True: the output goes to ours and is not kept. Default: false. */
  readonly show?: boolean
  /** Variables beside ours. */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a program of `node_modules/.bin` or of the path to its end. Never throws. */
export function run(
  program: string,
  args: readonly string[],
  { cwd = ROOT, show = false, env = {} }: RunOptions = {},
): Promise<Ended> {
  const PATH = [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter)
  return new Promise((resolve) => {
    const started = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env, PATH, ...(show ? {} : { NO_COLOR: '1' }) },
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    })
    const pieces: Buffer[] = []
    const keep = (piece: Buffer): void => void pieces.push(piece)
    started.stdout?.on('data', keep)
    started.stderr?.on('data', keep)
    const end = (code: number, note: string): void =>
      resolve({ code, output: Buffer.concat(pieces).toString() + note })
    started.on('error', (error) => end(1, `${program} could not be started: ${error.message}\n`))
    started.on('close', (code, signal) =>
      end(code ?? 1, signal === null ? '' : `${program} was ended by ${signal}\n`),
    )
  })
}

/** Runs one of our scripts on the sources of the packages. */
export function runScript(script: string, ...args: readonly string[]): Promise<Ended> {
  return run(process.execPath, [FROM_SOURCE, join(ROOT, 'scripts', script), ...args])
}
