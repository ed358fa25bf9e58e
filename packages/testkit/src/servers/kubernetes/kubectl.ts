import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { kubernetesProgram } from './programs.ts'

/** Longest that one command may take. */
const LIMIT_MS = 120_000

/** How a command of kubectl ended. */
export interface KubectlEnded {
  /** 1 when a signal ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the real kubectl with a kubeconfig. Never rejects. */
export function kubectl(kubeconfig: string, ...args: readonly string[]): Promise<KubectlEnded> {
  const all = ['--kubeconfig', kubeconfig, ...args]
  // Its caches go where the kubeconfig is, and with it.
  const env = { HOME: dirname(kubeconfig), PATH: '/usr/bin:/bin' }
  return new Promise((resolve) => {
    execFile(
      kubernetesProgram('kubectl'),
      all,
      { env, timeout: LIMIT_MS },
      (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : 1
        resolve({ code: error === null ? 0 : code, stdout, stderr })
      },
    )
  })
}
