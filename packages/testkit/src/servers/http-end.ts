import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

/** Something that answers HTTP on a port of 127.0.0.1. */
export interface HttpEnd extends AsyncDisposable {
  readonly port: number
  /** `http://127.0.0.1:…`, or `https` with a certificate. */
  readonly url: string
}

/** A request and where its answer goes. */
type Serve = (...args: Parameters<RequestListener>) => Promise<void>

/** Whose certificate is shown, in PEM. */
interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/**
 * Serves on a free port of 127.0.0.1. A request that cannot be served is cut off. Connections are
 * kept: a client that is held between two requests must find its connection as it was.
 */
export async function startHttpEnd(serve: Serve, tls?: Certificate): Promise<HttpEnd> {
  const listener: RequestListener = (request, response) => {
    serve(request, response).catch(() => response.destroy())
  }
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  server.keepAliveTimeout = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      server.closeAllConnections()
      await closed.promise
    },
  }
}
