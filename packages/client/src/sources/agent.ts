import { readFile } from 'node:fs/promises'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { CredentialSource, SourceAnswer, SourceRequest } from '../credentials/source.ts'

/** A process beside the application that answers for Secrets Manager, and caches what it says. */
export interface AgentOptions {
  /** Name or ARN. */
  readonly secretId: string
  /**
   * `http:` on this machine. Default: `http://localhost` on the port that
   * `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT` names, else 2773.
   */
  readonly endpoint?: string
  /**
   * What proves that a request is the application's own, or `file://` and an absolute path where it
   * stands. Default: the first that there is of the variables `AWS_TOKEN`, `AWS_SESSION_TOKEN` and
   * `AWS_CONTAINER_AUTHORIZATION_TOKEN` and the file `/var/run/awssmatoken`.
   */
  readonly token?: string
  /** Longest wait for an answer, in milliseconds. 1 to 300,000. Default 2,000. */
  readonly timeoutMs?: number
  /** Longest wait for a connection, within that, in milliseconds. 1 to 300,000. Default 1,000. */
  readonly connectTimeoutMs?: number
  /**
   * Is asked where the agent cannot be. Without it the agent is asked three times. One that says
   * that it is starting is asked four times more each time, for 0.75 seconds.
   */
  readonly fallback?: CredentialSource
}

const TOKEN_VARIABLES = [
  'AWS_TOKEN',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
] as const
const TOKEN_FILE = 'file:///var/run/awssmatoken'
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** A secret has 65,536 bytes at most; as JSON within JSON a byte may take six. */
const MAX_BYTES = 524_288

/** Pauses before the second and the third attempt, in milliseconds. */
const PAUSES_MS = [1_000, 2_000] as const

/** Pauses while an extension says that it is starting, in milliseconds. */
const STARTING_MS = [50, 100, 200, 400] as const

/** It has no code for this, only a text, and the status of every refusal. */
const STARTING = /\bnot ready to serve traffic\b/u

/** The agent has answered, and not with a secret: to ask again would change nothing. */
class AgentRefusal extends Error {}

/** It does not say that Secrets Manager has refused, and in which way. */
class UnexplainedRefusal extends AgentRefusal {}

/** It has answered that it will. */
class AgentStarting extends Error {}

/**
 * A secret as AWS's Secrets Manager Agent hands it out, or whatever speaks as it does. Whoever asks
 * for a fresh answer gets one past its cache (`refreshNow=true`).
 *
 * @see AWS Secrets Manager user guide, "Use the AWS Secrets Manager Agent": path, header, port
 *   2773, `refreshNow`, the variables of the token
 */
export function secretsManagerAgent(options: AgentOptions): CredentialSource {
  return async (request) => {
    try {
      return await askPatiently(options, request, '&refreshNow=true')
    } catch (error) {
      if (error instanceof AgentRefusal) throw error
      return await instead(options, request, error)
    }
  }
}

/**
 * A secret as AWS's Parameters and Secrets Lambda Extension hands it out. Its cache cannot be told
 * to read anew: whoever asks for a fresh answer gets that of `fallback`, where there is one. That
 * also answers where the extension does not say why it refuses.
 *
 * @see AWS Secrets Manager user guide, "Use Secrets Manager secrets in AWS Lambda functions": path,
 *   header, the token `AWS_SESSION_TOKEN`, PARAMETERS_SECRETS_EXTENSION_HTTP_PORT
 * @see winebarrel/secretlamb, its tests: 400 "not ready to serve traffic, please wait"
 */
export function lambdaExtension(options: AgentOptions): CredentialSource {
  return async (request) => {
    if (request.fresh && options.fallback) return await options.fallback(request)
    try {
      return await askPatiently(options, request, '')
    } catch (error) {
      const explains = error instanceof AgentRefusal && !(error instanceof UnexplainedRefusal)
      if (explains) throw error
      return await instead(options, request, error)
    }
  }
}

async function instead(
  { fallback }: AgentOptions,
  request: SourceRequest,
  error: unknown,
): Promise<SourceAnswer> {
  if (fallback === undefined) throw error
  return await fallback(request)
}

/** An agent may still be starting: it says so, or nobody listens yet. */
async function askPatiently(
  options: AgentOptions,
  request: SourceRequest,
  refresh: string,
): Promise<SourceAnswer> {
  const { signal } = request
  const asking = async (): Promise<SourceAnswer> => await ask(options, request, refresh)
  const started = async (): Promise<SourceAnswer> =>
    await repeatedly(asking, STARTING_MS, { signal, if: (e) => e instanceof AgentStarting })
  const pauses = options.fallback ? [] : PAUSES_MS
  return await repeatedly(started, pauses, { signal, if: (e) => !(e instanceof AgentRefusal) })
}

interface Again {
  readonly signal: AbortSignal
  readonly if: (error: unknown) => boolean
}

/** Asks once more after each pause. */
async function repeatedly(
  asking: () => Promise<SourceAnswer>,
  pauses: readonly number[],
  again: Again,
): Promise<SourceAnswer> {
  const { signal } = again
  for (const ms of pauses) {
    try {
      return await asking()
    } catch (error) {
      if (signal.aborted || !again.if(error)) throw error
      await pause(ms, undefined, { signal, ref: false })
    }
  }
  return await asking()
}

async function ask(
  options: AgentOptions,
  { stage, fresh, signal }: SourceRequest,
  refresh: string,
): Promise<SourceAnswer> {
  const { secretId, endpoint = defaultEndpoint(), token, timeoutMs = 2_000 } = options
  const { connectTimeoutMs: timeout = 1_000 } = options
  const versionStage = stage === 'AWSCURRENT' ? '' : `&versionStage=${stage}`
  const query = `secretId=${encodeURIComponent(secretId)}${versionStage}${fresh ? refresh : ''}`
  const url = new URL(`/secretsmanager/get?${query}`, endpoint)
  if (url.protocol !== 'http:' || !LOOPBACK.has(url.hostname))
    throw new AgentRefusal(`${endpoint} is not on this machine: the answer would go in the clear`)
  const headers = { 'X-Aws-Parameters-Secrets-Token': await tokenOf(token) }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const asking = get(url, { headers, signal: limit, timeout, agent: false }, resolve)
  asking.once('error', reject)
  // Node's limit is one for silence, whatever for: it is lifted once there is a connection.
  asking.once('timeout', () => asking.destroy(new Error('the agent takes no connection')))
  asking.once('socket', (socket) => socket.once('connect', () => socket.setTimeout(0)))
  const response = await promise
  const body = await textOf(response)
  if (response.statusCode !== 200) throw refusalOf(response.statusCode ?? 0, body)
  return answerIn(body)
}

function defaultEndpoint(): string {
  return `http://localhost:${process.env['PARAMETERS_SECRETS_EXTENSION_HTTP_PORT'] || '2773'}`
}

async function tokenOf(given: string | undefined): Promise<string> {
  const found = TOKEN_VARIABLES.map((name) => process.env[name]).find(Boolean)
  const token = given ?? found ?? TOKEN_FILE
  return token.startsWith('file://') ? (await readFile(new URL(token), 'utf8')).trim() : token
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response.iterator()) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MAX_BYTES) throw new Error('the agent’s answer is longer than any secret')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A server in trouble may answer the next time; what else it refuses, it refuses again. */
function refusalOf(status: number, body: string): Error {
  const type = /"(?:__type|code)"\s*:\s*"([\w.#-]{1,80})"/u.exec(body)?.[1]
  const message = `the agent answered ${status}${type === undefined ? '' : ` ${type}`}`
  if (status >= 500 || status === 429) return new Error(message)
  if (type !== undefined) return new AgentRefusal(message)
  if (STARTING.test(body)) return new AgentStarting(`${message}: it is starting`)
  return new UnexplainedRefusal(message)
}

/** Of an answer that cannot be used nothing is quoted: it may hold a secret. */
function answerIn(body: string): SourceAnswer {
  const { VersionId: versionId, SecretString: value, CreatedDate: date }: Answer = parsed(body)
  if (typeof versionId !== 'string' || typeof value !== 'string')
    throw new AgentRefusal('the agent’s answer has no version or no text')
  return { versionId, value, createdAt: dateIn(date) }
}

/** Seconds since 1970 as a text: so the agent writes it. */
function dateIn(value: unknown): Date | undefined {
  const seconds = typeof value === 'string' && value !== '' ? Number(value) : Number.NaN
  return Number.isNaN(seconds) ? undefined : new Date(seconds * 1000)
}

interface Answer {
  readonly VersionId?: unknown
  readonly CreatedDate?: unknown
  readonly SecretString?: unknown
}

function parsed(body: string): Answer {
  try {
    const answer: unknown = JSON.parse(body)
    return typeof answer === 'object' && answer !== null ? answer : {}
  } catch {
    throw new AgentRefusal('the agent’s answer is not JSON')
  }
}
