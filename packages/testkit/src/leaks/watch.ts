import { readFileSync, readdirSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import type { Place } from './search.ts'

/** What was seen while something ran. */
export interface Watch<T extends Place = Place> {
  /** Ends the watch. */
  stop(): readonly T[]
}

/** A file as it was at one moment. */
export interface SeenFile extends Place {
  /** Permission bits; undefined where it was gone again. */
  readonly mode: number | undefined
}

const SAMPLE_MS = 3

/**
 * Arguments and environments of a process and of all that it starts, looked at every 3 ms until
 * the watch is stopped. A process that lives for less can be missed. Linux only.
 */
export function watchProcesses(pid: number): Watch {
  const seen = new Map<string, Place>()
  const sample = (): void => {
    for (const each of family(pid))
      for (const kind of ['cmdline', 'environ']) {
        const text = readProc(`${each}/${kind}`)
        if (text !== '') seen.set(`${kind} ${text}`, { name: `${kind} of process ${each}`, text })
      }
  }
  sample()
  const timer = setInterval(sample, SAMPLE_MS)
  return {
    stop: () => {
      clearInterval(timer)
      return [...seen.values()]
    },
  }
}

function family(pid: number): readonly number[] {
  const children = tasks(pid)
    .flatMap((task) => readProc(`${pid}/task/${task}/children`).split(' '))
    .map(Number)
    .filter((child) => child > 0)
  return [pid, ...children.flatMap(family)]
}

function tasks(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    // It has ended.
    return []
  }
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1')
  } catch {
    // It has ended, or is another user's.
    return ''
  }
}

/** Every file that stands in a folder at any time until the watch is stopped, as it was then. */
export function watchFolder(folder: string): Watch<SeenFile> {
  const seen: SeenFile[] = []
  const look = (file: string): void => {
    const path = join(folder, file)
    const mode = statSync(path, { throwIfNoEntry: false })?.mode
    const text = readIfThere(path)
    seen.push({ name: path, text, mode: mode === undefined ? mode : mode & 0o777 })
  }
  const watcher = watch(folder, (_event, file) => {
    if (file !== null) look(file)
  })
  return {
    stop: () => {
      watcher.close()
      return seen
    },
  }
}

/** The text of a file; empty where it is gone or no file. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // Gone again, or a folder: its name is told.
    return ''
  }
}

/** Every file below a folder as it is now. */
export function filesBelow(folder: string): readonly Place[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ name: path, text: readIfThere(path) }))
}
