import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** One process, told apart from a later one with the same id. */
export interface ProcessIdentity {
  readonly host: string
  readonly pid: number
  /** Boot of the machine and start of the process after it; empty where there is no /proc. */
  readonly started: string
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, started: startOf(process.pid) }
}

/**
 * `dead` only where it is certain: a process of this host that is gone, or whose id another process
 * has now. `elsewhere` for a process of another host or container, which cannot be seen from here.
 */
export function stateOf(identity: ProcessIdentity): 'alive' | 'dead' | 'elsewhere' {
  if (identity.host !== hostname()) return 'elsewhere'
  const started = startOf(identity.pid)
  if (started !== '' && identity.started !== '')
    return started === identity.started ? 'alive' : 'dead'
  return exists(identity.pid) ? 'alive' : 'dead'
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

/** @see proc_pid_stat(5): field 22 is the start time in clock ticks since boot */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name of the program stands in parentheses and may hold anything, parentheses too.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ')
    return `${boot} ${fields[19] ?? ''}`
  } catch {
    return ''
  }
}
