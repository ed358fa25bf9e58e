import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serverUser } from './postgres-binaries.ts'

/** One of PostgreSQL's programs that has been started. */
export interface RunningProgram {
  readonly pid: number
  /** How it ended: exit code, signal, or why it could not start. `undefined` while it runs. */
  readonly end: string | undefined
  /** Resolves with how it ended. */
  readonly ended: Promise<string>
  /** Resolves when it ends with 0. @throws Error with the end of the log otherwise */
  succeeded(): Promise<void>
  /** Sends a signal; nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): void
}

/** Starts a program by its name; `input` is what it reads from its standard input. */
export type RunProgram = (
  program: string,
  args: readonly string[],
  input?: string,
) => RunningProgram

/** English messages whatever the user's language; nothing else is passed on. */
const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' }

/**
 * How to start the programs in `binaries`: in the folder `dir`, as an unprivileged user where this
 * process is root, with everything they print appended to `logFile`.
 */
export function programRunner(options: {
  readonly binaries: string
  readonly dir: string
  readonly logFile: string
}): RunProgram {
  const { binaries, dir, logFile } = options
  return (program, args, input) => {
    const log = openSync(logFile, 'a', 0o600)
    const child = spawn(join(binaries, program), [...args], {
      cwd: dir,
      stdio: [input === undefined ? 'ignore' : 'pipe', log, log],
      env: ENVIRONMENT,
      ...serverUser(),
    })
    closeSync(log)
    child.stdin?.end(input)
    const { promise: ended, resolve } = Promise.withResolvers<string>()
    let end: string | undefined
    const finish = (how: string): void => resolve((end ??= how))
    child.once('error', (error) => finish(error.message))
    child.once('exit', (code, signal) => finish(String(code ?? signal)))
    return {
      pid: child.pid ?? 0,
      get end() {
        return end
      },
      ended,
      async succeeded() {
        const how = await ended
        if (how !== '0') throw new Error(await failure(program, how, logFile))
      },
      kill: (signal) => void child.kill(signal),
    }
  }
}

/** What a person needs to know about a program that ended: how, and its last words. */
export async function failure(program: string, how: string, logFile: string): Promise<string> {
  const log = await readFile(logFile, 'utf8').catch(() => '')
  return `${program} ended with ${how}:\n${log.split('\n').slice(-12).join('\n')}`
}
