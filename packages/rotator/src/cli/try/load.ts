/** The clients of the demo: closed loops that count every request that does not get its answer. */
import { Agent, get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { LoadReport, RequestKind, Sample } from './requests.ts'

interface Clients {
  readonly kind: RequestKind
  readonly count: number
  /** Between two requests of one client. */
  readonly pauseMs: number
}

/** Enough to have every kind in flight on every worker all the time, on a machine with 2 cores. */
const CLIENTS: readonly Clients[] = [
  { kind: 'pooled', count: 6, pauseMs: 35 },
  { kind: 'fresh', count: 3, pauseMs: 60 },
  { kind: 'long', count: 4, pauseMs: 50 },
]

const REQUEST_LIMIT_MS = 15_000
const REPORT_MS = 100

const base = process.argv[2] ?? ''
const agent = new Agent({ keepAlive: true })
let samples: Sample[] = []
const stop = new AbortController()

async function client({ kind, pauseMs }: Clients): Promise<void> {
  while (!stop.signal.aborted) {
    // Waited for first: `samples` may be another list by then.
    const seen = await sample(kind)
    samples.push(seen)
    await delay(pauseMs * (0.5 + Math.random()))
  }
}

async function sample(kind: RequestKind): Promise<Sample> {
  const begun = performance.now()
  const outcome = await ask(kind)
    .then(judge)
    .catch((error: unknown) => ({ error: nameOf(error) }))
  const ms = Math.round((performance.now() - begun) * 10) / 10
  return { at: Date.now(), kind, ms, ...outcome }
}

interface Answer {
  readonly status: number
  readonly text: string
}

function ask(kind: RequestKind): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const signal = AbortSignal.timeout(REQUEST_LIMIT_MS)
  const request = get(`${base}/${kind}`, { agent, signal }, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.once('error', reject)
    response.once('end', () =>
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
    )
  })
  request.once('error', reject)
  return promise
}

function judge({ status, text }: Answer): Pick<Sample, 'user' | 'error'> {
  const body: unknown = JSON.parse(text)
  const fields = typeof body === 'object' && body !== null ? body : {}
  if (status === 200 && 'user' in fields && typeof fields.user === 'string')
    return { user: fields.user }
  const why = 'error' in fields ? ` ${String(fields.error)}` : ''
  return { error: `status ${status}${why}` }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

/** Resolves when the demo's end of the channel has it. */
async function report(): Promise<void> {
  const message: LoadReport = { samples }
  samples = []
  const { promise, resolve } = Promise.withResolvers<void>()
  process.send?.(message, undefined, undefined, () => resolve())
  await promise
}

/** Waits for every request in flight: the last ones count as well. */
async function finish(): Promise<void> {
  await Promise.all(loops)
  clearInterval(timer)
  await report()
  process.disconnect()
}

const timer = setInterval(() => void report(), REPORT_MS)
const loops = CLIENTS.flatMap((group) => Array.from({ length: group.count }, () => client(group)))

process.once('message', () => {
  stop.abort()
  void finish()
})
process.once('disconnect', () => process.exit(0))
