import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { collectTail } from './tail.ts'
import type { Tail } from './tail.ts'

/** What to start. Nothing passes through a shell. */
export interface ChildOptions {
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  /** After this many milliseconds the group is ended. 1 to 2^31-1. */
  readonly limitMs: number
  /** How long the group has to end after TERM before KILL, in milliseconds. */
  readonly graceMs: number
}

/** How a child ended. */
export type Ending =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string }
  /** `errno` as from `spawn`: ENOENT, EACCES. */
  | { readonly kind: 'not-started'; readonly errno: string }
  | { readonly kind: 'over-limit' }
  | { readonly kind: 'stopped' }

/** A process and all that it starts, ended together. */
export interface ChildGroup {
  /** Undefined while it runs. */
  ending(): Ending | undefined
  /** The end of what it wrote to stderr so far. */
  stderr(): string
  /** Ends the group: TERM, and KILL after the grace. Resolves when the child is gone. */
  stop(): Promise<void>
}

/** After a child's exit its stderr may still hold bytes; its own children may hold it open. */
const LAST_BYTES_MS = 250

/** Groups that must not outlive this process. */
const running = new Set<number>()
let watchesExit = false

/**
 * Starts a process as the leader of its own process group.
 *
 * Neither it nor any timer keeps Node alive; when Node exits, the groups that still run get KILL.
 * Resolves when the process runs or could not be started.
 */
export function startGroup(options: ChildOptions): Promise<ChildGroup> {
  const [program, ...args] = options.argv
  const child = spawn(program, args, {
    env: { ...options.env },
    detached: true,
    shell: false,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  })
  const group = watch(child, options)
  return new Promise((resolve) => {
    child.once('spawn', () => resolve(group))
    child.once('error', () => resolve(group))
  })
}

function watch(child: ChildProcess, options: ChildOptions): ChildGroup {
  const stderr: Tail = collectTail(child.stderr)
  const gone = Promise.withResolvers<void>()
  let ending: Ending | undefined
  let reason: 'over-limit' | 'stopped' | undefined
  const settle = (how: Ending): void => {
    ending ??= reason ? { kind: reason } : how
    clearTimeout(limit)
    gone.resolve()
  }
  const end = (why: 'over-limit' | 'stopped'): void => {
    if (ending ?? reason) return
    reason = why
    endGroup(child.pid, options.graceMs)
  }
  const limit = setTimeout(() => end('over-limit'), options.limitMs).unref()
  child.unref()
  if (child.pid !== undefined) endWithUs(child.pid)
  child.once('error', (error) => settle({ kind: 'not-started', errno: errnoOf(error) }))
  child.once('exit', (code, signal) => {
    if (child.pid !== undefined && reason === undefined) running.delete(child.pid)
    void stderr.finished(LAST_BYTES_MS).then(() => settle(endingOf(code, signal)))
  })
  return {
    ending: () => ending,
    stderr: () => stderr.text(),
    stop: () => {
      end('stopped')
      child.ref()
      return gone.promise
    },
  }
}

function endingOf(code: number | null, signal: string | null): Ending {
  return code === null ? { kind: 'killed', signal: signal ?? 'unknown' } : { kind: 'exited', code }
}

function errnoOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}

function endGroup(pid: number | undefined, graceMs: number): void {
  if (pid === undefined) return
  signalGroup(pid, 'SIGTERM')
  setTimeout(() => {
    signalGroup(pid, 'SIGKILL')
    running.delete(pid)
  }, graceMs).unref()
}

/** The group may be gone, and that is what is wanted. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    running.delete(pid)
  }
}

function endWithUs(pid: number): void {
  running.add(pid)
  if (watchesExit) return
  watchesExit = true
  process.on('exit', () => {
    for (const each of running) signalGroup(each, 'SIGKILL')
  })
}
