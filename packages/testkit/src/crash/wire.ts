import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/**
 * What is lost of an exchange, a question and its answer.
 * - `request`: it never arrives; the connection is reset.
 * - `answer`: the server has answered, and the connection is reset before the client sees it.
 */
export type Loss = 'request' | 'answer'

/** How many exchanges there were, and which of them were answered; numbered from 1. */
export interface Exchanges {
  readonly count: number
  readonly answered: ReadonlySet<number>
}

/** A proxy that numbers what is asked through it and can lose one exchange. */
export interface WireTap extends AsyncDisposable {
  readonly port: number
  /** Counts from 1 again, and loses nothing. */
  reset(): void
  /** What there was since the last reset. */
  counted(): Exchanges
  /**
   * Loses the nth exchange from now on. `struck` is called at that moment, before either side can
   * notice.
   */
  lose(nth: number, loss: Loss, struck: () => void): void
}

/**
 * Starts a tap in front of a server on 127.0.0.1.
 *
 * It cannot read what is encrypted and need not: whatever a client sends until the server answers
 * is one question. Opening a connection counts as one, which a server may answer with a greeting.
 */
export async function startWireTap(port: number): Promise<WireTap> {
  const tap = new Tap(port)
  await tap.listen()
  return tap
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  exchange: number
  /** Who was heard last. */
  turn: 'opened' | 'client' | 'server'
  /** The server has hung up: what the client says after that is a goodbye and no question. */
  over: boolean
}

class Tap implements WireTap {
  readonly #target: number
  readonly #listener: Server
  readonly #pairs = new Set<Pair>()
  #exchanges = 0
  #answered = new Set<number>()
  #armed: { readonly nth: number; readonly loss: Loss; readonly struck: () => void } | undefined

  constructor(target: number) {
    this.#target = target
    // Who waits for the other side to hang up must not be answered by us.
    this.#listener = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  }

  get port(): number {
    const address = this.#listener.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#listener.once('error', reject)
    this.#listener.listen(0, '127.0.0.1', resolve)
    await promise
  }

  reset(): void {
    this.#exchanges = 0
    this.#answered = new Set()
    this.#armed = undefined
  }

  counted(): Exchanges {
    return { count: this.#exchanges, answered: this.#answered }
  }

  lose(nth: number, loss: Loss, struck: () => void): void {
    this.reset()
    this.#armed = { nth, loss, struck }
  }

  #accept(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: this.#target, allowHalfOpen: true })
    const exchange = ++this.#exchanges
    const pair: Pair = { client, server, exchange, turn: 'opened', over: false }
    this.#pairs.add(pair)
    for (const socket of [client, server]) socket.setNoDelay(true).on('error', () => undefined)
    client.on('data', (chunk) => this.#asked(pair, chunk))
    server.on('data', (chunk) => this.#answers(pair, chunk))
    client.on('end', () => server.end())
    server.on('end', () => {
      pair.over = true
      client.end()
    })
    client.on('close', () => this.#drop(pair))
    server.on('close', () => this.#drop(pair))
    this.#loses(pair, 'request')
  }

  #asked(pair: Pair, chunk: Buffer): void {
    if (pair.turn !== 'client' && !pair.over) {
      pair.turn = 'client'
      pair.exchange = ++this.#exchanges
      if (this.#loses(pair, 'request')) return
    }
    pair.server.write(chunk)
  }

  #answers(pair: Pair, chunk: Buffer): void {
    if (pair.turn !== 'server') {
      pair.turn = 'server'
      this.#answered.add(pair.exchange)
      if (this.#loses(pair, 'answer')) return
    }
    pair.client.write(chunk)
  }

  #loses(pair: Pair, loss: Loss): boolean {
    if (this.#armed?.nth !== pair.exchange || this.#armed.loss !== loss) return false
    const { struck } = this.#armed
    this.#armed = undefined
    struck()
    this.#drop(pair)
    return true
  }

  #drop(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return
    if (!pair.client.closed) pair.client.resetAndDestroy()
    pair.server.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of [...this.#pairs]) this.#drop(pair)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#listener.close(() => resolve())
    await promise
  }
}
