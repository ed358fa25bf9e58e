import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { healthOf } from './worker-process.ts'
import type { Worker } from './worker-process.ts'

/** Sends each request to the next worker; never takes a worker away from a request in flight. */
export class Balancer {
  readonly #server: Server
  #workers: readonly Worker[] = []
  #next = 0
  #url = ''
  readonly #idle = new Map<Worker, () => void>()

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
    // Clients keep their connections; one that we close just as they send would lose a request.
    this.#server.keepAliveTimeout = 0
  }

  async listen(): Promise<void> {
    this.#url = await listen(this.#server)
  }

  get url(): string {
    return this.#url
  }

  get workers(): readonly Worker[] {
    return this.#workers
  }

  add(worker: Worker): void {
    this.#workers = [...this.#workers, worker]
  }

  /** Sends the worker nothing more, and resolves when it has answered what it was sent. */
  async drain(worker: Worker): Promise<void> {
    this.#workers = this.#workers.filter((other) => other !== worker)
    if (worker.inFlight === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#idle.set(worker, resolve)
    await promise
    this.#idle.delete(worker)
  }

  async close(): Promise<void> {
    await close(this.#server)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/health') return await this.#health(response)
    const worker = this.#workers[this.#next % Math.max(1, this.#workers.length)]
    this.#next += 1
    if (worker) this.#forward(worker, request.url ?? '/', response)
    else refuse(response, 503, 'no worker')
  }

  #forward(worker: Worker, path: string, response: ServerResponse): void {
    worker.inFlight += 1
    response.once('close', () => {
      worker.inFlight -= 1
      if (worker.inFlight === 0) this.#idle.get(worker)?.()
    })
    const upstream = worker.ask(path)
    upstream.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, { 'content-type': 'application/json' })
      answer.pipe(response)
    })
    upstream.on('error', (error) => {
      if (response.headersSent) response.destroy()
      else refuse(response, 502, 'code' in error ? String(error.code) : error.name)
    })
    upstream.end()
  }

  /** Well when every worker that serves is. */
  async #health(response: ServerResponse): Promise<void> {
    const statuses = await Promise.all(this.#workers.map(healthOf))
    const well = statuses.length > 0 && statuses.every((status) => status === 200)
    if (well) response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    else refuse(response, 503, 'not every worker is well')
  }
}

function refuse(response: ServerResponse, status: number, error: string): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ error }))
}

/** Listens on a free port of 127.0.0.1 and returns the URL. */
export async function listen(server: Server): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  server.once('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    resolve(`http://127.0.0.1:${port}`)
  })
  return await promise
}

/** Ends a server and all connections to it. */
export async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}
