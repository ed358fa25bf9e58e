import { setTimeout as pause } from 'node:timers/promises'
import type { RealKubernetes } from '../../servers/kubernetes/fixture.ts'
import { APP_PORT } from './objects.ts'

/** How many send requests at the same time, and how long each waits between two. */
const SHAPE = { visitors: 3, paceMs: 15 }

/** Longest that a request may take. */
const LIMIT_MS = 10_000

/**
 * Requests without a pause to the pods that are ready, each pod in turn, as a Service sends them.
 * Every request that is not answered with 200 is kept.
 */
export class Visitors {
  readonly #kubernetes: RealKubernetes
  readonly #failures: string[] = []
  #answered = 0
  #turn = 0
  #over = false
  #loops: readonly Promise<void>[] = []

  constructor(kubernetes: RealKubernetes) {
    this.#kubernetes = kubernetes
  }

  /** Requests that were answered with 200. */
  get answered(): number {
    return this.#answered
  }

  get failures(): readonly string[] {
    return this.#failures
  }

  start(): void {
    this.#loops = Array.from({ length: SHAPE.visitors }, () => this.#visitOnAndOn())
  }

  async stop(): Promise<void> {
    this.#over = true
    await Promise.all(this.#loops)
  }

  /** The users that the ready pods answer as, sorted, one for each pod. */
  async users(): Promise<readonly string[]> {
    const pods = this.#kubernetes.pods().filter(({ serves }) => serves)
    return (await Promise.all(pods.map(({ ip }) => visit(ip)))).toSorted()
  }

  async #visitOnAndOn(): Promise<void> {
    while (!this.#over) {
      await this.#visitNext()
      await pause(SHAPE.paceMs)
    }
  }

  async #visitNext(): Promise<void> {
    const pods = this.#kubernetes.pods().filter(({ serves }) => serves)
    this.#turn += 1
    const pod = pods[this.#turn % pods.length]
    try {
      if (pod === undefined) throw new Error('no pod is ready')
      await visit(pod.ip)
      this.#answered += 1
    } catch (error) {
      const name = pod?.pod.metadata.name ?? ''
      this.#failures.push(`${name}: ${error instanceof Error ? error.message : 'failed'}`)
    }
  }
}

async function visit(ip: string): Promise<string> {
  const signal = AbortSignal.timeout(LIMIT_MS)
  const response = await fetch(`http://${ip}:${APP_PORT}/`, { signal })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${response.status} ${text}`)
  return text
}
