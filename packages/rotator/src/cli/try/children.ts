import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The programs of the demo that run in processes of their own. */
export type ProgramName = 'web-worker' | 'load' | 'roll' | 'guard'

/** The path of a program beside this file: TypeScript in a checkout, JavaScript when installed. */
export function programPath(name: ProgramName): string {
  return fileURLToPath(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url))
}

/** What is passed on to every process: where things are, and nothing that is ours alone. */
export function plainEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'SystemRoot', 'NODE_V8_COVERAGE']
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

interface StartOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Where what it prints goes; nowhere without it. */
  readonly logFile?: string
}

/**
 * Starts a program with a channel to us. It is in a session of its own, so that Ctrl-C reaches the
 * demo alone, and it ends itself when the channel closes, which happens however the demo ends.
 */
export function startProgram(name: ProgramName, options: StartOptions = {}): ChildProcess {
  const log = options.logFile === undefined ? undefined : openSync(options.logFile, 'a', 0o600)
  const output = log ?? 'ignore'
  try {
    return fork(programPath(name), [...(options.args ?? [])], {
      detached: true,
      env: { ...plainEnvironment(), ...options.env },
      execArgv: [],
      stdio: ['ignore', output, output, 'ipc'],
    })
  } finally {
    if (log !== undefined) closeSync(log)
  }
}

/** Resolves when the process is gone: its exit code, or the signal that ended it. */
export function ended(child: ChildProcess): Promise<number | string> {
  const { promise, resolve } = Promise.withResolvers<number | string>()
  if (child.exitCode !== null || child.signalCode !== null)
    resolve(child.exitCode ?? child.signalCode ?? 'unknown')
  child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'))
  child.once('error', (error) => resolve(error.message))
  return promise
}
