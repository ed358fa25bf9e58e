import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type {
  KubernetesAnswer,
  KubernetesObject,
  KubernetesRequest,
} from '../../conformance/kubernetes-fixture.ts'

/** Who asks an API server, and how it is known. */
export interface ApiAccess {
  /** As `https://127.0.0.1:6443`. */
  readonly url: string
  /** The CA of the server's certificate, as PEM text. */
  readonly ca: string
  readonly token: string
}

/** One change that a watch tells of. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: KubernetesObject
}

/** Requests to an API server over kept connections. */
export class Api implements Disposable {
  readonly #access: ApiAccess
  readonly #agent: Agent

  constructor(access: ApiAccess) {
    this.#access = access
    this.#agent = new Agent({ keepAlive: true, ca: access.ca })
  }

  /** Answers of every status resolve. */
  async ask(wanted: KubernetesRequest): Promise<KubernetesAnswer> {
    const response = await this.#send(wanted)
    const body = await text(response)
    const status = response.statusCode ?? 0
    return { status, body: body === '' ? {} : parse(body) }
  }

  /** @throws when the status says that it was not done */
  async must(wanted: KubernetesRequest): Promise<KubernetesObject> {
    const { status, body } = await this.ask(wanted)
    if (status >= 200 && status < 300) return body
    throw new Error(`${wanted.method} ${wanted.path}: ${status} ${String(body['message'])}`)
  }

  /** Ends when the server ends it, which it does after some minutes, or the signal. */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const response = await this.#send({ method: 'GET', path }, signal)
    let rest = ''
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line) as WatchEvent
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  async #send(
    { method, path, body, contentType }: KubernetesRequest,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const kind = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const content = body === undefined ? '' : JSON.stringify(body)
    const headers = {
      authorization: `Bearer ${this.#access.token}`,
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': contentType ?? kind }),
      // Node sends none with a DELETE, and the body would be taken for the next request.
      'content-length': Buffer.byteLength(content),
    }
    const url = new URL(path, this.#access.url)
    const sent = request(url, { agent: this.#agent, method, headers, ...(signal && { signal }) })
    sent.once('response', resolve)
    sent.on('error', reject)
    sent.end(content)
    return await promise
  }
}

/** What the server sends for `/readyz` is not JSON. */
function parse(body: string): KubernetesObject {
  return body.startsWith('{') ? (JSON.parse(body) as KubernetesObject) : { message: body }
}
