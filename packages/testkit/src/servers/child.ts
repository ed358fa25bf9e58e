import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { ExtractedProgram } from './debian.ts'

/** Longest wait for a program to say that it listens. */
const START_MS = 30_000

/** A program of the test's own that says on stdout or stderr when it is ready. */
export interface Child {
  readonly pid: number
  /** What it has printed so far. */
  output(): string
  kill(signal: NodeJS.Signals): void
  /** Ends it and waits for its end. */
  end(): Promise<void>
}

/** How to start a program, and as whom. */
export interface ChildOptions {
  readonly args: readonly string[]
  readonly cwd: string
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** What it prints when it is ready. */
  readonly ready: RegExp
  /** Longest wait for it, in milliseconds. Default 30 s. */
  readonly limitMs?: number
}

/** Starts a program and waits until it says that it is ready. */
export async function startChild(
  { command, args }: ExtractedProgram,
  options: ChildOptions,
): Promise<Child> {
  const child = spawn(command, [...args, ...options.args], {
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    ...options.user,
  })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  const output = await untilReady(child, options)
  return {
    pid: child.pid ?? 0,
    output,
    kill: (signal) => void child.kill(signal),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function untilReady(
  child: ChildProcess,
  { ready, limitMs = START_MS }: ChildOptions,
): Promise<() => string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let output = ''
  const heard = (chunk: string): void => {
    output += chunk
    if (ready.test(output)) resolve()
  }
  child.stdout?.setEncoding('utf8').on('data', heard)
  child.stderr?.setEncoding('utf8').on('data', heard)
  child.once('error', reject)
  child.once('exit', () => reject(new Error(`it ended before it was ready:\n${output}`)))
  const timer = setTimeout(() => {
    child.kill('SIGKILL')
    reject(new Error(`it was not ready within ${limitMs} ms:\n${output}`))
  }, limitMs)
  await promise.finally(() => clearTimeout(timer))
  return () => output
}
