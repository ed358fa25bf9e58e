import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { startHttpEnd } from '../servers/http-end.ts'
import type { TestTls } from '../servers/tls.ts'
import { conflict, isJson, patched, validate } from './kubernetes-patch.ts'
import { reviewOf } from './kubernetes-reviews.ts'
import { discover, isChosen, routeOf } from './kubernetes-routes.ts'
import type { Route } from './kubernetes-routes.ts'
import { kindOf, Refused } from './kubernetes-store.ts'
import type { ObjectStore, Place, Stored } from './kubernetes-store.ts'
import type { Users } from './kubernetes-users.ts'

/**
 * What goes wrong with a call.
 * - `throttle`: 429, `unavailable`: 503, nothing is done. `broken`: 500, and it is done.
 * - `answer-lost`: done, and the connection is reset. `request-lost`: reset, nothing is done.
 * - `hang`: done, and never answered. `none`: nothing goes wrong; for `first`.
 */
export type KubernetesFaultKind =
  | 'throttle'
  | 'unavailable'
  | 'broken'
  | 'answer-lost'
  | 'request-lost'
  | 'hang'
  | 'none'

/** A fault and the calls that it hits. */
export interface KubernetesFault {
  readonly kind: KubernetesFaultKind
  /** Verb and resource, as `patch secrets`. */
  readonly operation: string
  /** How many calls. Default 1. */
  readonly calls?: number
  /** What is done right before the call is, as by somebody who was faster. */
  readonly first?: () => void
}

/** What the API server works on. */
export interface ApiOptions {
  readonly store: ObjectStore
  readonly users: Users
  readonly tls: TestTls
  /** What the container of a pod has printed. */
  readonly logOf: (place: Place) => string
}

/** A running API server. */
export interface Api extends AsyncDisposable {
  readonly url: string
  /** Verb and resource of every call since the start, in order. */
  readonly log: string[]
  fail(fault: KubernetesFault): void
  /** Takes back all faults and ends calls that hang. */
  heal(): void
}

interface Server extends ApiOptions {
  readonly log: string[]
  readonly faults: { readonly fault: KubernetesFault; left: number }[]
  readonly hanging: Set<ServerResponse>
}

/** Starts an API server on a free port of 127.0.0.1 with a certificate of the CA in `tls`. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { certFile, keyFile } = options.tls
  const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)])
  const state: Server = { ...options, log: [], faults: [], hanging: new Set() }
  const end = await startHttpEnd((...exchange) => serve(state, ...exchange), { cert, key })
  const heal = (): void => {
    state.faults.length = 0
    for (const response of state.hanging) response.destroy()
    state.hanging.clear()
  }
  return {
    url: end.url,
    log: state.log,
    fail: (fault) => void state.faults.push({ fault, left: fault.calls ?? 1 }),
    heal,
    [Symbol.asyncDispose]: () => end[Symbol.asyncDispose](),
  }
}

async function serve(
  state: Server,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://api')
  const question = { request, url, body: await text(request) }
  const answer = answerTo(state, question)
  if (answer.kind === 'reset') return void request.socket.resetAndDestroy()
  if (answer.kind === 'hang') return void state.hanging.add(response)
  if (answer.kind === 'watch') return follow(state, answer.route, response)
  if (answer.kind === 'text')
    return void response.writeHead(200, { 'content-type': 'text/plain' }).end(answer.text)
  const headers = { 'content-type': 'application/json', ...answer.headers }
  response.writeHead(answer.status, headers).end(JSON.stringify(answer.body))
}

interface Question {
  readonly request: IncomingMessage
  readonly url: URL
  readonly body: string
}

type Answer =
  | { kind: 'reset' }
  | { kind: 'hang' }
  | { kind: 'watch'; route: Route }
  | { kind: 'text'; text: string }
  | { kind: 'body'; status: number; body: object; headers?: Readonly<Record<string, string>> }

function answerTo(state: Server, question: Question): Answer {
  try {
    const token = state.users.who(question.request.headers.authorization)
    const found = discover(question.url.pathname)
    if (found) return { kind: 'body', status: 200, body: found }
    const review = reviewOf(state.users, token, {
      path: question.url.pathname,
      body: question.body,
    })
    if (review) return { kind: 'body', status: 201, body: review }
    const route = routeOf(question.request.method ?? '', question.url)
    const operation = `${route.verb} ${route.resource}`
    state.log.push(operation)
    const kind = takeFault(state, operation)
    if (kind === 'request-lost') return { kind: 'reset' }
    if (kind === 'throttle') throw new Refused(429, 'TooManyRequests', 'Too many requests')
    if (kind === 'unavailable') throw new Refused(503, 'ServiceUnavailable', 'unavailable')
    state.users.check(token, route)
    if (route.verb === 'watch') return { kind: 'watch', route }
    if (route.subresource === 'log') return { kind: 'text', text: state.logOf(placeOf(route)) }
    const body = perform(state, route, question)
    if (kind === 'answer-lost') return { kind: 'reset' }
    if (kind === 'hang') return { kind: 'hang' }
    if (kind === 'broken') throw new Refused(500, 'InternalError', 'etcdserver: request timed out')
    return { kind: 'body', status: route.verb === 'create' ? 201 : 200, body }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const { code, reason, message, details } = error
    const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' }
    const headers = code === 429 ? { 'retry-after': '1' } : {}
    const body = { ...status, message, reason, details, code }
    return { kind: 'body', status: code, body, headers }
  }
}

function takeFault(state: Server, operation: string): KubernetesFaultKind | undefined {
  const armed = state.faults.find(({ fault, left }) => left > 0 && fault.operation === operation)
  if (!armed) return undefined
  armed.left -= 1
  armed.fault.first?.()
  return armed.fault.kind
}

function perform({ store }: Server, route: Route, { request, body }: Question): object {
  const { kind: resource, verb } = route
  const place = placeOf(route)
  switch (verb) {
    case 'list':
      return listOf(store, route)
    case 'create':
      return create(store, route, parsed(body))
    case 'delete':
      store.get(place)
      store.remove(place)
      return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' }
    case 'patch':
      return store.change(place, (object) => {
        const contentType = request.headers['content-type'] ?? ''
        const after = patched(object, { resource, contentType, body: parsed(body) })
        validate(resource, after, object)
        return after
      })
    case 'update':
      return store.change(place, (object) => {
        const after = parsed(body) as Stored
        const { resourceVersion } = after.metadata
        if (resourceVersion && resourceVersion !== object.metadata.resourceVersion)
          throw conflict(resource, object)
        validate(resource, after, object)
        return { ...after, status: object['status'] }
      })
    default:
      return store.get(place)
  }
}

function placeOf({ kind: resource, namespace, name }: Route): Place {
  return { resource, namespace, name }
}

function create(store: ObjectStore, { kind: resource, namespace }: Route, body: unknown): object {
  const object = isJson(body) ? body : {}
  const metadata = isJson(object['metadata']) ? object['metadata'] : {}
  const place = { resource, namespace, name: String(metadata['name']) }
  validate(resource, { ...object, ...kindOf(resource) } as unknown as Stored)
  return store.create(place, object)
}

function listOf(store: ObjectStore, { kind, namespace, query }: Route): object {
  const { apiVersion, kind: one } = kindOf(kind)
  const items = store.list(kind, namespace).filter((object) => isChosen(object, query))
  return { apiVersion, kind: `${one}List`, metadata: { resourceVersion: store.version }, items }
}

function follow({ store }: Server, route: Route, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.flushHeaders()
  const tell = (type: string, object: Stored): void => {
    if (isChosen(object, route.query)) response.write(`${JSON.stringify({ type, object })}\n`)
  }
  const since = Number(route.query.get('resourceVersion') ?? 0)
  for (const object of store.list(route.kind, route.namespace))
    if (Number(object.metadata.resourceVersion) > since) tell('MODIFIED', object)
  const end = store.watch(({ type, resource, object }) => {
    const isOurs = resource === route.kind && object.metadata.namespace === route.namespace
    if (isOurs && isChosen(object, route.query))
      response.write(`${JSON.stringify({ type, object })}\n`)
  })
  response.once('close', end)
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new Refused(400, 'BadRequest', 'the body is not JSON')
  }
}
