import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { startHttpEnd } from '../servers/http-end.ts'

/** A running fake of CloudWatch Logs. */
export interface FakeLogs extends AsyncDisposable {
  /** For the SDK's `endpoint`. */
  readonly endpoint: string
  /** Every action since the start, in order. */
  readonly calls: readonly string[]
  /** Puts a line at the end of a stream, which the first one makes. */
  append(at: { readonly group: string; readonly stream: string }, line: string): void
  /** Refuses so many calls. */
  deny(calls: number): void
}

interface State {
  readonly streams: Map<string, { readonly at: number; readonly message: string }[]>
  readonly calls: string[]
  denied: number
}

const TARGET = 'Logs_20140328.'

/** So many events come in one page, that pages are tried, too. */
const PAGE = 3

/**
 * Starts a fake of CloudWatch Logs on a free port of 127.0.0.1: the real SDK talks to it in the
 * JSON protocol. It has `GetLogEvents` and nothing else; signatures are demanded and not verified.
 * @see Amazon CloudWatch Logs API reference, GetLogEvents
 */
export async function startLogs(): Promise<FakeLogs> {
  const state: State = { streams: new Map(), calls: [], denied: 0 }
  const end = await startHttpEnd((...exchange) => serve(state, ...exchange))
  return {
    endpoint: end.url,
    calls: state.calls,
    append: ({ group, stream }, message) => {
      const key = keyOf(group, stream)
      state.streams.set(key, [...(state.streams.get(key) ?? []), { at: Date.now(), message }])
    },
    deny: (calls) => void (state.denied = calls),
    [Symbol.asyncDispose]: () => end[Symbol.asyncDispose](),
  }
}

async function serve(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const action = String(request.headers['x-amz-target']).replace(TARGET, '')
  const body: unknown = await json(request)
  state.calls.push(action)
  const signed = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256') === true
  const { status, answer } = answerTo(state, action, { body, signed })
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify(answer))
}

interface Answer {
  readonly status: number
  readonly answer: object
}

function refused(type: string, message: string): Answer {
  return { status: 400, answer: { __type: type, message } }
}

function answerTo(
  state: State,
  action: string,
  { body, signed }: { readonly body: unknown; readonly signed: boolean },
): Answer {
  if (!signed) return refused('MissingAuthenticationTokenException', 'not signed')
  if (action !== 'GetLogEvents') return refused('UnknownOperationException', action)
  if (state.denied > 0) {
    state.denied -= 1
    return refused('AccessDeniedException', 'not authorized to perform: logs:GetLogEvents')
  }
  const { logGroupName, logStreamName, nextToken, startFromHead } = asked(body)
  const events = state.streams.get(keyOf(logGroupName, logStreamName))
  if (!events)
    return refused('ResourceNotFoundException', 'The specified log stream does not exist.')
  if (!startFromHead && nextToken === '')
    return refused('InvalidParameterException', 'the fake reads from the head')
  const from = Number(nextToken.replace(/^f\//, '') || '0')
  const page = events.slice(from, from + PAGE)
  return {
    status: 200,
    answer: {
      events: page.map(({ at, message }) => ({ timestamp: at, ingestionTime: at, message })),
      nextForwardToken: `f/${from + page.length}`,
      nextBackwardToken: `b/${from}`,
    },
  }
}

function asked(body: unknown): {
  readonly logGroupName: string
  readonly logStreamName: string
  readonly nextToken: string
  readonly startFromHead: boolean
} {
  const given: Readonly<Record<string, unknown>> =
    typeof body === 'object' && body !== null ? { ...body } : {}
  const text = (name: string): string => {
    const value = given[name]
    return typeof value === 'string' ? value : ''
  }
  return {
    logGroupName: text('logGroupName'),
    logStreamName: text('logStreamName'),
    nextToken: text('nextToken'),
    startFromHead: given['startFromHead'] === true,
  }
}

function keyOf(group: string, stream: string): string {
  return JSON.stringify([group, stream])
}
