import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { Balancer, close, listen } from './balancer.ts'
import { healthOf, startWorker } from './worker-process.ts'
import type { Worker } from './worker-process.ts'
import type { Workspace } from './workspace.ts'

const WORKERS = 3

/** A new worker that says so often that it is not well fails the restart. */
const HEALTH_TRIES = 12
const HEALTH_POLL_MS = 100

/**
 * The demo's application: workers behind a balancer, and a rolling restart that replaces one worker
 * at a time and keeps the old ones when a new one is not well.
 */
export class Fleet {
  readonly balancer: Balancer = new Balancer()
  /** Simulates a bad release: workers started from now on are unwell as this database user. */
  unhealthyAs: string | undefined
  readonly #workspace: Workspace
  readonly #control: Server
  readonly #done = new Set<string>()
  readonly #all = new Set<Worker>()
  #started = 0
  #controlUrl = ''
  /** Restarts take turns. */
  #turn: Promise<void> = Promise.resolve()
  #stopping = false

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    this.#control = createServer((request, response) => void this.#command(request, response))
  }

  async start(): Promise<void> {
    this.#controlUrl = await listen(this.#control)
    await this.balancer.listen()
    const workers = await Promise.all(Array.from({ length: WORKERS }, () => this.#startWorker()))
    for (const worker of workers) this.balancer.add(worker)
  }

  /** Where the restart is asked for. */
  get controlUrl(): string {
    return this.#controlUrl
  }

  /** Ends the workers and waits until they are gone. */
  async stop(): Promise<void> {
    this.#stopping = true
    await close(this.#control)
    await this.#turn
    await Promise.all([...this.#all].map((worker) => this.#end(worker)))
    await this.balancer.close()
  }

  async #command(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = String(request.headers['x-roll'] ?? '')
    const before = this.#turn
    const roll = before.then(() => this.#roll(token))
    this.#turn = roll.catch(() => undefined)
    try {
      await roll
      response.end('done')
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.message : 'unknown error')
    }
  }

  /** A restart that was done already, for a rotation that was killed meanwhile, is not repeated. */
  async #roll(token: string): Promise<void> {
    if (this.#done.has(token)) return
    for (const old of this.balancer.workers) {
      if (this.#stopping) return
      const worker = await this.#startWorker()
      if (!(await becomesHealthy(worker))) {
        await this.#end(worker)
        throw new Error(`the new worker ${worker.name} is not well: its health page answers 503`)
      }
      this.balancer.add(worker)
      await this.balancer.drain(old)
      await this.#end(old)
    }
    this.#done.add(token)
  }

  async #startWorker(): Promise<Worker> {
    this.#started += 1
    const { appEnv, log } = this.#workspace
    const { unhealthyAs } = this
    const name = `web-${this.#started}`
    const bad = unhealthyAs === undefined ? {} : { unhealthyAs }
    const worker = await startWorker({ name, appEnv, log, ...bad })
    this.#all.add(worker)
    return worker
  }

  async #end(worker: Worker): Promise<void> {
    await worker.stop()
    this.#all.delete(worker)
  }
}

async function becomesHealthy(worker: Worker): Promise<boolean> {
  for (let tries = 0; tries < HEALTH_TRIES; tries += 1) {
    if ((await healthOf(worker)) === 200) return true
    await delay(HEALTH_POLL_MS)
  }
  return false
}
