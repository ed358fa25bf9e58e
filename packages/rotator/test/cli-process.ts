import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** How a command ended and everything that it said. */
export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs as a child process. */
export interface CliProcess {
  readonly child: ChildProcess
  /** Resolves when stdout or stderr has shown this text; rejects when the command ends before. */
  shows(wanted: string): Promise<void>
  readonly ended: Promise<CliResult>
}

/** Where a command runs. */
export interface CliOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** For its standard input. Default: nothing. */
  readonly input?: string
  /** What Node is given before the arguments. Default: {@link PROGRAM}. */
  readonly program?: readonly string[]
}

/** The program: as it is published where `npm test` has built it, else the sources. */
export const PROGRAM: string =
  process.env['CUEDOT_TEST_PROGRAM'] ?? fileURLToPath(new URL('../bin/cuedot.js', import.meta.url))

/** What a command gets from our environment: no colours, no settings that change what it does. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'NODE_COMPILE_CACHE']

/** Starts the command line as its users do: `node bin/cuedot.js …`. */
export function startCuedot(args: readonly string[], options: CliOptions): CliProcess {
  const ours = PASSED_ON.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const { program = [PROGRAM] } = options
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: options.cwd,
    env: { ...Object.fromEntries(ours), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(options.input ?? '')
  const seen = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      seen.text += chunk.toString('utf8')
      child.emit('seen')
    })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const ended = Promise.all([closed, text(child.stdout), text(child.stderr)]).then(
    ([code, stdout, stderr]) => ({ code, stdout, stderr }),
  )
  const shows = async (wanted: string): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => {
      if (seen.text.includes(wanted)) resolve()
    }
    child.on('seen', look)
    void closed.then(() => reject(new Error(`it ended without saying ${wanted}:\n${seen.text}`)))
    look()
    await promise
    child.off('seen', look)
  }
  return { child, shows, ended }
}

/** Runs a command to its end. */
export async function cuedot(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return await startCuedot(args, options).ended
}
