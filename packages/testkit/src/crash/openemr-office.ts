import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { Sensitive } from '@cuedot/client/protocol'
import type { Login } from '../rig/consumers.ts'
import type { WorkerNote } from './openemr-notes.ts'

/** Knows every worker that is there, what it holds, and what failed. */
export interface Office extends AsyncDisposable {
  readonly port: number
  /** Requests that have failed, whoever made them. */
  readonly failures: readonly string[]
  /** What each worker holds. */
  held(): readonly Login[]
  /** Has every worker make a request and waits until it is answered, or the worker has left. */
  work(): Promise<void>
}

interface Present {
  readonly socket: Socket
  login?: Login
  /** Waits for a request that the worker was told to make. */
  waiting: (() => void)[]
}

/** Opens an office on a free port of 127.0.0.1. */
export async function openOffice(): Promise<Office> {
  const present = new Set<Present>()
  const failures: string[] = []
  const server = createServer((socket) => receive(socket, present, failures))
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    failures,
    held: () => [...present].flatMap(({ login }) => login ?? []),
    async work() {
      await Promise.all([...present].map(worked))
    },
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      for (const { socket } of present) socket.destroy()
      await closed.promise
    },
  }
}

function receive(socket: Socket, present: Set<Present>, failures: string[]): void {
  const worker: Present = { socket, waiting: [] }
  present.add(worker)
  socket.on('error', () => undefined)
  socket.once('close', () => {
    present.delete(worker)
    for (const done of worker.waiting) done()
  })
  const lines = createInterface({ input: socket })
  // It passes on what the socket says.
  lines.on('error', () => undefined)
  lines.on('line', (line) => {
    const { holds, failed, worked: did }: WorkerNote = JSON.parse(line)
    if (holds) worker.login = loginOf(holds)
    if (failed !== undefined)
      failures.push(`a worker as ${worker.login?.username ?? 'nobody'}: ${failed}`)
    if (did === true) worker.waiting.shift()?.()
  })
}

/** One that leaves meanwhile has ended what it had in hand. */
async function worked(worker: Present): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  worker.waiting.push(resolve)
  worker.socket.write('work\n')
  await promise
}

function loginOf({ username, password }: NonNullable<WorkerNote['holds']>): Login {
  return { username, password: new Sensitive(password, 'password of a worker') }
}
