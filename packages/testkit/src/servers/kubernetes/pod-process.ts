import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Container } from './pod-spec.ts'

/** What a container's process has said is kept up to so many characters. */
const KEPT = 20_000

/** The process of a container. */
export class PodProcess {
  /** Resolves with the exit code when it has ended; 137 and the like for a signal. */
  readonly ended: Promise<number>
  /** Resolves when it has printed a line that is `ready`; never, if it does not. */
  readonly ready: Promise<void>
  #said = ''
  readonly #child: ChildProcess

  constructor({ command = [], args = [] }: Container, environment: Record<string, string>) {
    const [program = '', ...first] = command
    const child = spawn(program, [...first, ...args], {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    const kill = (): void => void child.kill('SIGKILL')
    process.once('exit', kill)
    const ended = Promise.withResolvers<number>()
    this.ended = ended.promise
    child.once('error', (error) => {
      this.#said += error.message
      ended.resolve(128)
    })
    child.once('close', (code) => {
      process.off('exit', kill)
      ended.resolve(code ?? 137)
    })
    const ready = Promise.withResolvers<void>()
    this.ready = ready.promise
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(-KEPT)
        if (/^ready$/m.test(this.#said)) ready.resolve()
      })
  }

  /** What it has printed, on both outputs. */
  get said(): string {
    return this.#said
  }

  tell(text: string): void {
    this.#child.stdin?.write(text)
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(signal)
  }

  /** SIGTERM, and SIGKILL when it has not ended after so many seconds. */
  async end(graceSeconds: number): Promise<void> {
    this.kill(graceSeconds > 0 ? 'SIGTERM' : 'SIGKILL')
    const timer = setTimeout(() => this.kill('SIGKILL'), graceSeconds * 1000)
    await this.ended.finally(() => clearTimeout(timer))
  }
}
