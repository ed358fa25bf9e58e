import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** What a task runs. */
export interface TaskCommand {
  readonly argv: readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string>>
  /** What it prints on stdout when it can serve. Absent: as soon as it has begun. */
  readonly ready?: RegExp
}

/** How long things take. */
export interface TaskTimes {
  /** Milliseconds from being ready to counting as healthy, like a load balancer's checks. */
  readonly settleMs: number
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly stopTimeoutMs: number
}

/**
 * - `pending`: begun and not ready. `running`: ready and not healthy yet. `healthy`: it counts.
 * - `stopping`: it was told to end. `stopped`: it has ended.
 */
export type TaskState = 'pending' | 'running' | 'healthy' | 'stopping' | 'stopped'

/** A task that is a process. */
export class EcsTask {
  readonly id: string
  readonly #child: ChildProcess
  readonly #times: TaskTimes
  readonly #changed: () => void
  readonly #ended: Promise<unknown>
  #state: TaskState = 'pending'
  #timer: NodeJS.Timeout | undefined
  #exitCode: number | undefined
  #output = ''
  #wasStopped = false
  /** Gets every line that the process prints, on stdout and on stderr. */
  onLine: ((line: string) => void) | undefined

  constructor(id: string, command: TaskCommand, times: TaskTimes, changed: () => void) {
    this.id = id
    this.#times = times
    this.#changed = changed
    const [program, ...args] = command.argv
    this.#child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...command.env },
    })
    this.#ended = once(this.#child, 'close').catch(() => undefined)
    const { ready } = command
    if (!ready) this.#child.once('spawn', () => this.#ready())
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-10_000)
      if (ready?.test(this.#output) === true) this.#ready()
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      if (stream) createInterface({ input: stream }).on('line', (line) => this.onLine?.(line))
    this.#child.once('error', () => this.#end(127))
    this.#child.once('exit', (code) => this.#end(code ?? 137))
  }

  get state(): TaskState {
    return this.#state
  }

  /** Begun and not told to end. */
  get isLive(): boolean {
    return this.#state !== 'stopping' && this.#state !== 'stopped'
  }

  /** It was told to end before it did. */
  get wasStopped(): boolean {
    return this.#wasStopped
  }

  /** Once it has ended: its exit code; 137 where a signal ended it. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  #ready(): void {
    if (this.#state !== 'pending') return
    this.#state = 'running'
    this.#timer = setTimeout(() => {
      this.#state = 'healthy'
      this.#changed()
    }, this.#times.settleMs)
  }

  #end(code: number): void {
    clearTimeout(this.#timer)
    this.#exitCode = code
    this.#state = 'stopped'
    this.#changed()
  }

  /** SIGTERM now, SIGKILL after the time that it has. */
  stop(): void {
    if (!this.isLive) return
    clearTimeout(this.#timer)
    this.#state = 'stopping'
    this.#wasStopped = true
    this.#child.kill('SIGTERM')
    this.#timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#times.stopTimeoutMs)
  }

  /** Ends it at once and waits for its end. */
  async kill(): Promise<void> {
    if (this.#state === 'stopped') return
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}
