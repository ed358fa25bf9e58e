import type { IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { objectOf } from '../../testkit/src/fakes/ecs-json.ts'
import type { Json } from '../../testkit/src/fakes/ecs-json.ts'
import { startHttpEnd } from '../../testkit/src/servers/http-end.ts'
import type { HttpEnd } from '../../testkit/src/servers/http-end.ts'

/** A Secrets Manager that answers ListSecretVersionIds in pages. */
export interface Paged extends AsyncDisposable {
  readonly url: string
  /** Every request, in order. */
  readonly asked: readonly Json[]
}

/**
 * Stands before a Secrets Manager at `endpoint` and hands its lists out in pages, as AWS does.
 * @see AWS Secrets Manager API reference, ListSecretVersionIds, MaxResults and NextToken
 */
export async function startPaged(endpoint: string, size: number): Promise<Paged> {
  const asked: Json[] = []
  const end: HttpEnd = await startHttpEnd(async (request, response) => {
    const body = objectOf(await json(request))
    asked.push(body)
    const answer = await pass(endpoint, request, body)
    const from = Number(body['NextToken'] ?? 0)
    const { Versions } = answer
    const all: readonly unknown[] = Array.isArray(Versions) ? Versions : []
    const isLast = from + size >= all.length
    const page = { ...answer, Versions: all.slice(from, from + size) }
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(isLast ? page : { ...page, NextToken: String(from + size) }))
  })
  return { url: end.url, asked, [Symbol.asyncDispose]: () => end[Symbol.asyncDispose]() }
}

async function pass(endpoint: string, { headers }: IncomingMessage, body: Json): Promise<Json> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': String(headers['x-amz-target']),
      authorization: headers.authorization ?? '',
    },
    body: JSON.stringify(body),
  })
  return objectOf(await response.json())
}
