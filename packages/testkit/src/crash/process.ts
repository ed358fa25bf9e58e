import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { AWS_ENVIRONMENT } from '../rig/rig.ts'
import { PLAN_VARIABLE, isArrival } from './channel.ts'
import type { Arrival, GatePlan } from './channel.ts'

const CLI = fileURLToPath(new URL('../../../rotator/bin/cuedot.js', import.meta.url))
const PRELOAD = fileURLToPath(new URL('./preload.ts', import.meta.url))

/** How a process ended. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** It did not end by itself within {@link LIMIT_MS}, and was killed. */
  readonly hung: boolean
}

/**
 * The longest that a process may live, in milliseconds, whatever it waits for: a gate that nobody
 * opens, a server that does not answer. A run takes seconds, on a busy machine some tens of them.
 */
export const LIMIT_MS = 120_000

/** The command line in a process of its own. */
export interface Cli {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Sends a process that is held at a gate on. */
  go(): void
}

/** How a process is started. */
export interface CliOptions {
  readonly dir: string
  /** Where compiled sources are kept from one process to the next. */
  readonly cache: string
  /** Besides what every run gets. */
  readonly env?: Readonly<Record<string, string>>
  /** Without it nothing stands between the command line and what it calls. */
  readonly plan?: GatePlan
  readonly arrived?: (arrival: Arrival, cli: Cli) => void
  /** Default: {@link LIMIT_MS}. */
  readonly limitMs?: number
  /** False: the environment says what a configuration says elsewhere. Default: true. */
  readonly config?: boolean
}

/** Starts `cuedot …args` in the folder of a world. */
export function startCli(args: readonly string[], options: CliOptions): Cli {
  const { dir, plan, arrived, cache, limitMs = LIMIT_MS, config = true } = options
  const named = config ? ['--config', `${dir}/cuedot.yaml`] : []
  const child = spawn(
    process.execPath,
    [...(plan ? ['--import', PRELOAD] : []), CLI, ...args, ...named],
    {
      cwd: dir,
      env: {
        PATH: process.env['PATH'],
        HOME: dir,
        TMPDIR: `${dir}/tmp`,
        NO_COLOR: '1',
        NODE_COMPILE_CACHE: cache,
        ...AWS_ENVIRONMENT,
        ...options.env,
        ...(plan && { NODE_OPTIONS: '--conditions=cuedot-source' }),
        ...(plan && { [PLAN_VARIABLE]: JSON.stringify(plan) }),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  )
  const cli: Cli = {
    child,
    ended: endOf(child, limitMs),
    go: () => void child.send('go', () => undefined),
  }
  child.on('message', (message) => {
    if (isArrival(message)) arrived?.(message, cli)
  })
  return cli
}

function endOf(child: ChildProcess, limitMs: number): Promise<Ended> {
  let [stdout, stderr, hung] = ['', '', false]
  child.stdout?.setEncoding('utf8').on('data', (text: string) => void (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (stderr += text))
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  // SIGKILL ends a process that is frozen, too.
  const limit = setTimeout(() => (hung = child.kill('SIGKILL')), limitMs)
  const { promise, resolve, reject } = Promise.withResolvers<Ended>()
  child.once('error', reject)
  child.once('close', (code) => {
    process.off('exit', kill)
    clearTimeout(limit)
    resolve({ code, stdout, stderr, hung })
  })
  return promise
}
