import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, RequestListener } from 'node:http'

/** How a sender proves that it is EventBridge. */
export interface EndpointOptions {
  /** Name of the header that the connection of the API destination sends. Default `x-api-key`. */
  readonly header?: string
  /** What it has to hold, 16 characters at least. */
  readonly apiKey: string
}

/** EventBridge sends no more. */
const MAX_BYTES = 262_144
const SHORTEST_KEY = 16

/**
 * What an HTTP server answers events with: for an API destination of EventBridge with an API key.
 * 204 when the event was about the secret or is none of ours, 401 without the key, 405, 413, and
 * 503 when `handle` rejects, so that EventBridge sends it again. A source that fails meanwhile is
 * no reason: the credentials ask it again by themselves.
 *
 * @param handle - of `refreshOnEvents`
 * @see Amazon EventBridge user guide, "API destinations": API key authorization; an answer of 429
 *   or 5xx is retried
 * @throws RangeError for a key that is too short
 */
export function eventEndpoint(
  handle: (event: unknown) => Promise<boolean>,
  { header = 'x-api-key', apiKey }: EndpointOptions,
): RequestListener {
  if (apiKey.length < SHORTEST_KEY) throw new RangeError('apiKey is shorter than 16 characters')
  const expected = digestOf(apiKey)
  return (request, response) => {
    const answer = async (): Promise<number> => {
      if (request.method !== 'POST') return 405
      const given = request.headers[header.toLowerCase()]
      if (typeof given !== 'string' || !timingSafeEqual(digestOf(given), expected)) return 401
      const body = await bodyOf(request)
      if (body === undefined) return 413
      await handle(body)
      return 204
    }
    answer().then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(503).end(),
    )
  }
}

/** Digests are of one length, whatever was given. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** @returns undefined when it is longer than any event */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator()) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MAX_BYTES) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}
