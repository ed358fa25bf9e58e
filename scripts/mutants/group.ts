import { spawn } from 'node:child_process'

/** How a program and all that it started came to an end. */
export interface GroupEnded {
  /** True when the limit passed and the group was ended. */
  readonly hung: boolean
  /** The exit code; null when a signal ended it. */
  readonly code: number | null
  /** What it wrote to both outputs. */
  readonly output: string
}

/** What to run, where, and for how long at most. */
export interface GroupOptions {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly limitMs: number
}

/**
 * Runs a program of this Node as the leader of a process group of its own, and ends the whole group
 * after the limit, or when this process ends. Never throws.
 */
export function runGroup({ argv, cwd, env, limitMs }: GroupOptions): Promise<GroupEnded> {
  const child = spawn(process.execPath, [...argv], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let hung = false
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => (output += piece))
  const end = (): void => endGroup(child.pid)
  const limit = setTimeout(() => {
    hung = true
    end()
  }, limitMs)
  // Before whoever removes the folder in which it works.
  process.prependOnceListener('exit', end)
  return new Promise((resolve) => {
    const settle = (code: number | null): void => {
      clearTimeout(limit)
      process.off('exit', end)
      resolve({ hung, code, output })
    }
    child.once('error', () => settle(null))
    child.once('close', settle)
  })
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended already, which is what is wanted.
  }
}
