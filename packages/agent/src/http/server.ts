import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { errnoOf } from '../errors.ts'
import { surroundings } from '../surroundings.ts'
import { answerTo, hasBody } from './answer.ts'
import type { Service } from './answer.ts'

/** All headers of a request and its first line, in bytes. */
const MAX_HEAD_BYTES = 32_768

/** How long clients are waited for, in milliseconds. */
interface Limits {
  /** For the head of a request. */
  readonly headMs: number
  /** For a connection that is silent: between two requests, or not reading. */
  readonly silenceMs: number
  /** At the end, for answers under way: more than any of them takes. */
  readonly closeMs: number
  /** How often it is looked who is late. */
  readonly checkMs: number
}

const LIMITS: Limits = { headMs: 10_000, silenceMs: 61_000, closeMs: 35_000, checkMs: 1_000 }

/** Connections beyond the limit that still get an answer, which says so. */
const MORE_TO_REFUSE = 64

/** An HTTP server that does not listen yet. */
export interface AgentServer {
  readonly server: Server
  /** Answers what is under way, closes all connections, and resolves when the last is closed. */
  close(): Promise<void>
}

/** Serves the routes of AWS's agent. Every request gets an answer, also one that is not HTTP. */
export function agentServer(service: Service, limits: Partial<Limits> = {}): AgentServer {
  const { headMs, silenceMs, closeMs, checkMs } = { ...LIMITS, ...limits }
  const places = new WeakMap<Socket, number>()
  const sockets = new Set<Socket>()
  const busy = new WeakSet<Socket>()
  let isClosing = false
  const server = createServer(
    {
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: headMs,
      requestTimeout: headMs,
      keepAliveTimeout: silenceMs,
      connectionsCheckingInterval: checkMs,
      // HTTP/1.1 demands a Host; AWS's agent does not, and its own tests send none.
      requireHostHeader: false,
    },
    (request, response) => {
      const place = places.get(request.socket) ?? 1
      const isLast = (): boolean => isClosing || place > service.maxConn || hasBody(request)
      busy.add(request.socket)
      response.once('close', () => busy.delete(request.socket))
      respond({ service, request, response, place, isLast }).catch(() => response.destroy())
    },
  )
  server.timeout = silenceMs
  // Node would drop headers beyond its limit, and X-Forwarded-For might be one of them.
  server.maxHeadersCount = 0
  server.maxConnections = service.maxConn + MORE_TO_REFUSE
  server.on('connection', (socket) => {
    sockets.add(socket)
    places.set(socket, sockets.size)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('clientError', (error, socket) => refuse(socket, statusOf(error)))
  server.on('connect', (_request, socket) => refuse(socket, '405 Method Not Allowed'))
  return {
    server,
    close: async () => {
      isClosing = true
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      for (const socket of sockets) if (!busy.has(socket)) socket.destroy()
      const timer = surroundings.startTimer(closeMs, () => server.closeAllConnections())
      await promise
      timer.cancel()
    },
  }
}

interface Exchange {
  readonly service: Service
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly place: number
  readonly isLast: () => boolean
}

async function respond({ service, request, response, place, isLast }: Exchange): Promise<void> {
  // A client that went away is no problem of ours.
  response.on('error', () => undefined)
  const answer = await answerTo(service, request, place).catch((error: unknown) => {
    const kind = error instanceof Error ? error.name : typeof error
    service.log.error(`could not answer: ${kind}`)
    return { status: 500, body: JSON.stringify({ __type: 'InternalFailure' }) }
  })
  service.log.debug(`${String(request.method)} answered with ${answer.status}`)
  if (isLast()) response.setHeader('connection', 'close')
  response.setHeader('cache-control', 'no-store')
  response.setHeader('content-length', Buffer.byteLength(answer.body))
  response.writeHead(answer.status).end(answer.body)
}

function statusOf(error: Error): string {
  const code = errnoOf(error)
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout'
  return '400 Bad Request'
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => undefined)
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const head = `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`
  socket.end(head, () => socket.destroy())
}
