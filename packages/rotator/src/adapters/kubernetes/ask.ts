import { request as requestHttps } from 'node:https'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Connector } from './connect.ts'
import { Answered, classify, isUnknownCaller, isWrite } from './failures.ts'
import type { Attempt } from './failures.ts'
import type { Reader } from './objects.ts'

/** One request to the API server. */
export interface Question<T> extends Attempt {
  readonly connector: Connector
  /** From `/api` or `/apis` on, with a query where there is one. */
  readonly path: string
  /** A strategic merge patch; absent for what only reads. */
  readonly patch?: object
  /** An object to be made. */
  readonly create?: object
  /** What the answer must be. */
  readonly expects: Reader<T>
  /** The answer is a text and no JSON. */
  readonly isText?: true
}

/**
 * Asks once. A token that the API server does not know may have expired since it was fetched, so
 * the request is made once more with new credentials: it was refused before anything was done.
 * @throws ERR_KUBERNETES_*, ERR_TARGET_MISSING, ERR_RUNTIME_MISSING, ERR_OUTCOME_UNKNOWN;
 *   ERR_CONFIG as the connector; the reason of an aborted signal
 */
export async function ask<T>(question: Question<T>): Promise<T> {
  question.signal.throwIfAborted()
  try {
    return await once(question)
  } catch (error) {
    if (!isUnknownCaller(error)) throw translated(error, question)
  }
  question.connector.renew()
  try {
    return await once(question)
  } catch (error) {
    throw translated(error, question)
  }
}

/** A credential plugin knows no signal, so it is not waited for when the call is over. */
async function once<T>(question: Question<T>): Promise<T> {
  const { connector, signal } = question
  const { promise: over, reject } = Promise.withResolvers<never>()
  const end = (): void => reject(new Error('the call is over'))
  signal.addEventListener('abort', end, { once: true })
  try {
    const access = await Promise.race([connector.access(), over])
    const options = await Promise.race([access.options(), over])
    return await send(access.server + question.path, options, question)
  } finally {
    signal.removeEventListener('abort', end)
  }
}

/** @see Kubernetes API concepts, "Patch and apply": the content type says which kind of patch */
async function send<T>(
  url: string,
  options: RequestOptions,
  { patch, create, expects, isText, signal }: Question<T>,
): Promise<T> {
  const kind = patch ? 'application/strategic-merge-patch+json' : 'application/json'
  const sent = patch ?? create
  const accept = isText === true ? '*/*' : 'application/json'
  const headers = { ...headersOf(options), accept, ...(sent && { 'content-type': kind }) }
  const request = requestHttps(url, {
    ...options,
    method: patch ? 'PATCH' : create ? 'POST' : 'GET',
    headers: { 'user-agent': 'cuedot', ...headers },
    rejectUnauthorized: true,
    signal,
  })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request.once('response', resolve)
  // Stays on: a connection may break after the answer, too, and nobody waits for that one.
  request.on('error', reject)
  request.end(sent && JSON.stringify(sent))
  const response = await promise
  const body = await text(response)
  const status = response.statusCode ?? 0
  const isDone = status === 200 || (status === 201 && create !== undefined)
  const answer = isDone ? expects(isText === true ? body : parsed(body)) : undefined
  if (answer !== undefined) return answer
  throw new Answered(status, body)
}

function headersOf({ headers }: RequestOptions): object {
  return typeof headers === 'object' && !Array.isArray(headers) ? headers : {}
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** A signal's own reason stays as it is where nothing was changed. */
function translated(error: unknown, attempt: Attempt): unknown {
  const { operation, signal } = attempt
  if (signal.aborted && !isWrite(operation)) return signal.reason
  return classify(error, attempt)
}
