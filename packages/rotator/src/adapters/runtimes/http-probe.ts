import { request as requestHttp } from 'node:http'
import type { ClientRequest } from 'node:http'
import { request as requestHttps } from 'node:https'
import { getCACertificates } from 'node:tls'

/** One request for a page. */
export interface Probe {
  readonly url: URL
  /** Milliseconds from the start to the status line. */
  readonly timeoutMs: number
  /** PEM text of a CA that is trusted beside Node's own. */
  readonly ca?: string
  readonly signal: AbortSignal
}

/** What came of it: a status, or why there is none: an errno, a TLS code or `no answer in … ms`. */
export type ProbeAnswer =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'none'; readonly reason: string }

/**
 * Asks for a page once, on a connection of its own: a kept one would go on talking to the process
 * that is being replaced. Redirects are not followed, certificates are verified, the body is not
 * read. Rejects only with the reason of an aborted signal.
 */
export async function probe({ url, timeoutMs, ca, signal }: Probe): Promise<ProbeAnswer> {
  const limit = AbortSignal.timeout(timeoutMs)
  const options = {
    agent: false,
    method: 'GET',
    headers: { 'user-agent': 'cuedot', accept: '*/*' },
    signal: AbortSignal.any([signal, limit]),
  } as const
  const request =
    url.protocol === 'https:'
      ? requestHttps(url, {
          ...options,
          rejectUnauthorized: true,
          ...(ca !== undefined && { ca: [...getCACertificates('default'), ca] }),
        })
      : requestHttp(url, options)
  try {
    return { kind: 'status', status: await statusOf(request) }
  } catch (error) {
    signal.throwIfAborted()
    return { kind: 'none', reason: limit.aborted ? `no answer in ${timeoutMs} ms` : codeOf(error) }
  } finally {
    request.destroy()
  }
}

function statusOf(request: ClientRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    request.once('response', (response) => resolve(response.statusCode ?? 0))
    // Stays on: destroying a request that waits is an error too, and nobody waits for that one.
    request.on('error', reject)
    request.end()
  })
}

/** Never the message: it may quote what the server sent. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'unknown error'
}
