import type { IncomingMessage } from 'node:http'
import type { SecretCache } from '../cache/secret-cache.ts'
import type { Log } from '../log/log.ts'
import { StoreFailure } from '../store/store-failure.ts'
import type { Token } from '../token.ts'
import { Refusal } from './refusal.ts'
import { pathOf, routeOf } from './route.ts'

/** What requests are answered from. */
export interface Service {
  readonly cache: SecretCache
  readonly token: Token
  /** Names of headers, in the order in which they are looked at. */
  readonly ssrfHeaders: readonly string[]
  readonly pathPrefix: string
  readonly maxConn: number
  readonly log: Log
}

/** An answer. */
export interface Answer {
  readonly status: number
  readonly body: string
}

/** How many connections beyond the limit may ask for their health. */
const MORE_FOR_PING = 2

/**
 * Answers one request, whatever it is. The checks and their order are those of AWS's agent:
 * connections (429), X-Forwarded-For (400), token (403), method (405), path and query.
 *
 * @param place - which of the open connections it came on, from 1, when that was opened
 * @see aws/aws-secretsmanager-agent, `server.rs`: get_result, validate_max_conn, validate_token
 */
export async function answerTo(
  service: Service,
  request: IncomingMessage,
  place: number,
): Promise<Answer> {
  try {
    return { status: 200, body: await bodyFor(service, request, place) }
  } catch (error) {
    if (error instanceof Refusal) {
      service.log.error(`refused with ${error.status}: ${reasonOf(error)}`)
      return { status: error.status, body: error.message }
    }
    if (!(error instanceof StoreFailure)) throw error
    service.log.error(`Secrets Manager: ${error.message}`)
    return { status: error.status, body: error.body() }
  }
}

/** Of what was sent nothing gets into the log. */
function reasonOf({ message }: Refusal): string {
  return message.startsWith('unknown parameter') ? 'unknown parameter' : message
}

async function bodyFor(
  { cache, pathPrefix, ...service }: Service,
  request: IncomingMessage,
  place: number,
): Promise<string> {
  const target = request.url ?? ''
  const isPing = pathOf(target) === '/ping'
  if (place > service.maxConn + (isPing ? MORE_FOR_PING : 0))
    throw new Refusal(429, 'Connection limit exceeded')
  if (!isPing) demandToken(service, request)
  if (request.method !== 'GET') throw new Refusal(405, 'Not allowed')
  if (hasBody(request)) throw new Refusal(400, 'Body not allowed')
  if (isPing) return 'healthy'
  const { question, refreshNow } = routeOf(target, pathPrefix)
  const version = await (refreshNow ? cache.refresh(question) : cache.get(question))
  return version.body()
}

function demandToken(
  { token, ssrfHeaders }: Pick<Service, 'token' | 'ssrfHeaders'>,
  { headers, headersDistinct }: IncomingMessage,
): void {
  if ('x-forwarded-for' in headers) throw new Refusal(400, 'Forwarded')
  const given = ssrfHeaders.map((name) => headersDistinct[name.toLowerCase()]?.[0])
  // Each is compared, so that nobody learns by the time which of them it was.
  const matches = given.filter((text) => text !== undefined && token.matches(text))
  if (matches.length === 0) throw new Refusal(403, 'Bad Token')
}

/** True for a request that announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return 'transfer-encoding' in headers || Number(headers['content-length'] ?? 0) > 0
}
