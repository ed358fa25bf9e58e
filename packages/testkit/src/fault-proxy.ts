import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/**
 * What the proxy does with connections.
 * - `pass`: everything goes through.
 * - `blackhole`: connections are accepted and nothing is ever forwarded or answered.
 * - `refuse`: new connections are closed at once; open ones pass.
 * - `reset`: new connections are reset at once; open ones pass.
 * - `dropReplies`: requests reach the server, its replies do not come back: an unknown outcome.
 */
export type FaultMode = 'pass' | 'blackhole' | 'refuse' | 'reset' | 'dropReplies'

/** Where a server listens. */
interface Address {
  readonly host: string
  readonly port: number
}

/** A TCP proxy that misbehaves as told. The mode holds for open connections too. */
export interface FaultProxy extends AsyncDisposable {
  /** The loopback address that it listens on. */
  readonly host: string
  readonly port: number
  mode: FaultMode
  /** Where new connections go. */
  target: Address
  /** Resets every open connection. */
  cut(): void
  /** Resolves when the next chunk that the server sends has been dropped. */
  droppedReply(): Promise<void>
  /**
   * From now on lets `count` chunks of the server through, drops the next and resets the
   * connection. Returns a look at whether that has happened.
   */
  cutAfterReplies(count: number): { readonly happened: boolean }
}

/** One client of the proxy and its connection to the server. */
interface Pair {
  readonly client: Socket
  readonly server: Socket
}

/** Starts a proxy in front of `target` on a free port of `host`, a loopback address. */
export async function startFaultProxy(target: Address, host = '127.0.0.1'): Promise<FaultProxy> {
  const proxy = new TcpFaultProxy(target, host)
  await proxy.listen()
  return proxy
}

class TcpFaultProxy implements FaultProxy {
  readonly host: string
  mode: FaultMode = 'pass'
  target: Address
  readonly #listener: Server
  readonly #pairs = new Set<Pair>()
  #waiting: (() => void)[] = []
  #budget: { left: number; happened: boolean } | undefined

  constructor(target: Address, host: string) {
    this.host = host
    this.target = target
    this.#listener = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  }

  get port(): number {
    const address = this.#listener.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#listener.once('error', reject)
    this.#listener.listen(0, this.host, resolve)
    await promise
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined)
    if (this.mode === 'refuse') return void client.destroy()
    if (this.mode === 'reset') return void client.resetAndDestroy()
    const server = connect({ ...this.target, allowHalfOpen: true })
    const pair = { client, server }
    this.#pairs.add(pair)
    client.on('data', (chunk) => {
      if (this.mode !== 'blackhole') server.write(chunk)
    })
    // Whoever says goodbye may wait for the server to hang up: it has freed its locks then.
    client.on('end', () => (this.#silent ? client.end() : server.end()))
    server.on('data', (chunk) => this.#reply(pair, chunk))
    server.on('error', () => this.#drop(pair))
    client.on('close', () => this.#drop(pair))
    for (const event of ['end', 'close'])
      server.on(event, () => {
        if (!this.#silent) client.end()
      })
  }

  /** True when clients hear nothing, not even an end. */
  get #silent(): boolean {
    return this.mode === 'blackhole' || this.mode === 'dropReplies'
  }

  #reply(pair: Pair, chunk: Buffer): void {
    if (this.mode === 'blackhole') return
    if (this.mode === 'dropReplies') return this.#dropped()
    const budget = this.#budget
    if (budget === undefined) return void pair.client.write(chunk)
    if (budget.left > 0) {
      budget.left -= 1
      pair.client.write(chunk)
      return
    }
    budget.happened = true
    this.#budget = undefined
    this.#drop(pair)
  }

  #dropped(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #drop(pair: Pair): void {
    this.#pairs.delete(pair)
    if (!pair.client.destroyed) pair.client.resetAndDestroy()
    pair.server.destroy()
  }

  cut(): void {
    for (const pair of [...this.#pairs]) this.#drop(pair)
  }

  async droppedReply(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    await promise
  }

  cutAfterReplies(count: number): { readonly happened: boolean } {
    this.#budget = { left: count, happened: false }
    return this.#budget
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#listener.close(() => resolve())
    await promise
  }
}
