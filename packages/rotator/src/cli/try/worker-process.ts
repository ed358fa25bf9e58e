import { Agent, request } from 'node:http'
import type { ClientRequest } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { ended, startProgram } from './children.ts'
import { WORKER_ENV } from './requests.ts'

/** A worker of the application, as the balancer sees it. */
export interface Worker {
  readonly name: string
  /** Requests that the balancer has sent and that are not answered. */
  inFlight: number
  /** Begins a request; the caller ends it and listens. */
  ask(path: string): ClientRequest
  /** Tells it to finish and end, and waits until it is gone. */
  stop(): Promise<void>
}

/** How to start a worker. */
export interface WorkerOptions {
  readonly name: string
  readonly appEnv: string
  readonly log: string
  /** Simulates a bad release: the worker is unwell when this is its database user. */
  readonly unhealthyAs?: string
}

const START_LIMIT_MS = 20_000
const STOP_LIMIT_MS = 10_000

/** Starts a worker and waits until it listens. @throws Error when it ends or takes too long */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { name, appEnv, log: logFile, unhealthyAs } = options
  const env = {
    [WORKER_ENV.file]: appEnv,
    [WORKER_ENV.name]: name,
    ...(unhealthyAs !== undefined && { [WORKER_ENV.unhealthyAs]: unhealthyAs }),
  }
  const child = startProgram('web-worker', { env, logFile })
  const gone = ended(child)
  const { promise: listening, resolve } = Promise.withResolvers<number>()
  child.once('message', (message) => resolve(portOf(message)))
  const limit = new AbortController()
  const port = await Promise.race([
    listening,
    gone.then((how) => `it ended with ${how}`),
    delay(START_LIMIT_MS, 'it does not listen', { signal: limit.signal }),
  ])
  limit.abort()
  if (typeof port === 'string') {
    child.kill('SIGKILL')
    throw new Error(`${name} did not start: ${port}`)
  }
  const agent = new Agent({ keepAlive: true })
  return {
    name,
    inFlight: 0,
    ask: (path) => request({ host: '127.0.0.1', port, path, agent }),
    async stop() {
      agent.destroy()
      child.kill('SIGTERM')
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
      await gone
      clearTimeout(kill)
    },
  }
}

function portOf(message: unknown): number {
  const fields = typeof message === 'object' && message !== null ? message : {}
  return 'port' in fields && typeof fields.port === 'number' ? fields.port : 0
}

/** The status of the worker's own health page; 0 when it does not answer. */
export function healthOf(worker: Worker): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const asked = worker.ask('/health')
  asked.once('response', (response) => {
    response.resume()
    resolve(response.statusCode ?? 0)
  })
  asked.on('error', () => resolve(0))
  asked.end()
  return promise
}
