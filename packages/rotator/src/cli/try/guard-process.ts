import { ended, startProgram } from './children.ts'
import type { GuardMessage } from './guard.ts'

/** Ends what the demo has started if the demo itself is killed. */
export interface Guard {
  folder(path: string, keep: boolean): void
  watch(pid: number): void
  unwatch(pid: number): void
  /** Everything has been ended: the guard goes, too. */
  release(): Promise<void>
}

export function startGuard(): Guard {
  const child = startProgram('guard')
  const gone = ended(child)
  const tell = (message: GuardMessage): void => {
    if (child.connected) child.send(message)
  }
  return {
    folder: (path, keep) => tell({ kind: 'folder', path, keep }),
    watch: (pid) => tell({ kind: 'watch', pid }),
    unwatch: (pid) => tell({ kind: 'unwatch', pid }),
    async release() {
      tell({ kind: 'release' })
      await gone
    },
  }
}
