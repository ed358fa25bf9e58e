import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { startHttpEnd } from '../http-end.ts'
import { makeTestTls } from '../tls.ts'

/** Where the API server gets the logs of a node's pods. */
export interface LogServer extends AsyncDisposable {
  readonly port: number
}

/** `/containerLogs/NAMESPACE/POD/CONTAINER`, which is how the API server asks a kubelet. */
const PATH = /^\/containerLogs\/([^/]+)\/([^/]+)\/[^/?]+/

/**
 * Starts the part of a kubelet that hands logs out, on a free port of 127.0.0.1. The API server is
 * given no CA for kubelets, so it takes every certificate.
 * @param logOf - undefined for a pod that is not there
 */
export async function startLogServer(
  logOf: (namespace: string, pod: string) => string | undefined,
): Promise<LogServer> {
  await using starting = new AsyncDisposableStack()
  const { certFile, keyFile } = starting.use(await makeTestTls())
  const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)])
  const serve = async ({ url = '' }: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, namespace = '', pod = ''] = PATH.exec(url) ?? []
    const log = logOf(namespace, pod)
    response.writeHead(log === undefined ? 404 : 200, { 'content-type': 'text/plain' })
    response.end(log ?? 'no such pod')
  }
  const { port } = starting.use(await startHttpEnd(serve, { cert, key }))
  const running = starting.move()
  return { port, [Symbol.asyncDispose]: () => running.disposeAsync() }
}
