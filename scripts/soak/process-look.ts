import { readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { Look } from './flat.ts'

/** What a run could leave behind in this process. */
export type ProcessLook = Pick<Look, 'heap' | 'rss' | 'handles' | 'files'>

/**
 * Collects garbage and looks. Twice, with a turn of the event loop between: finalizers run in it,
 * and what they let go is garbage only then.
 */
export async function lookAtProcess(): Promise<ProcessLook> {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc')
  for (let turn = 0; turn < 2; turn++) {
    await setImmediate()
    globalThis.gc()
  }
  const { heapUsed, rss } = process.memoryUsage()
  return {
    heap: heapUsed,
    rss,
    handles: process.getActiveResourcesInfo().length,
    files: openFiles(),
  }
}

/** Linux alone says it: elsewhere 0, and nothing is judged. */
function openFiles(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
}
