// Goal: a server that answers anything at all never makes an adapter crash, hang beyond the call's
// deadline, tell the password, or call a login denied that nobody denied. Method: a TCP server that
// answers with errors of every number, cut and changed messages, and noise.
import { performance } from 'node:perf_hooks'
import { assert, asyncProperty } from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { leaksIn, tellAll } from '../../testkit/src/leaks/search.ts'
import { mysqlDatabase } from '../src/adapters/mysql/mysql/database.ts'
import { openConnection } from '../src/adapters/mysql/protocol/connection.ts'
import { postgresDatabase } from '../src/adapters/postgres/database.ts'
import { Link } from '../src/adapters/postgres/link.ts'
import { isRotatorError } from '../src/errors.ts'
import type { Call } from '../src/ports/call.ts'
import type { Database } from '../src/ports/database.ts'
import { cases, SEED } from './fuzz.ts'
import { mysqlCases, pgCases } from './fuzz-packet-cases.ts'
import type { Case } from './fuzz-packet-cases.ts'
import { madServer, MYSQL_GREETING, mysqlOk, PG_READY } from './fuzz-packets.ts'
import type { Answer, MadServer } from './fuzz-packets.ts'

const CANARY = 'Canary-4711-of-the-packets'
const SECRETS = new Map([['password', CANARY]])

/** For one call. What comes later than this and what an adapter needs to hang up is a hang. */
const DEADLINE_MS = 60
const HANG_MS = 20_000

const AT = { host: '127.0.0.1', dbname: 'app' }
const LOGIN = { ...AT, username: 'app', password: new Sensitive(CANARY, 'canary'), port: 1 }

interface Told {
  readonly answer?: string
  readonly code?: string
}

/** Does one call and judges everything that holds whatever was answered. */
async function judge(work: (call: Call) => Promise<string>): Promise<Told> {
  const begun = performance.now()
  const call = { signal: AbortSignal.timeout(DEADLINE_MS) }
  try {
    return { answer: await work(call) }
  } catch (error) {
    if (!isRotatorError(error)) throw error
    expect(leaksIn([{ name: 'error', text: tellAll(error) }], SECRETS)).toEqual([])
    return { code: error.code }
  } finally {
    expect(performance.now() - begun).toBeLessThan(DEADLINE_MS + HANG_MS)
  }
}

const LOGIN_CODES = [
  ...[
    'ERR_DB_UNREACHABLE',
    'ERR_DB_OVERLOADED',
    'ERR_DB_BUSY',
    'ERR_DB_READ_ONLY',
    'ERR_DB_DISK_FULL',
    'ERR_DB_TLS',
    'ERR_DB_DENIED',
  ],
  ...['ERR_DB_STATEMENT', 'ERR_DB_UNSUPPORTED', 'ERR_DB_AUTH'],
]

interface Protocol {
  readonly name: string
  readonly greets: boolean
  /** What comes before the answer to a login. */
  readonly before: readonly Buffer[]
  readonly answers: Arbitrary<Case>
  readonly denials: readonly (string | number)[]
  readonly database: (port: number) => Database
}

const PROTOCOLS: readonly Protocol[] = [
  {
    name: 'PostgreSQL',
    greets: false,
    before: [],
    answers: pgCases,
    denials: ['28P01'],
    database: (port) =>
      postgresDatabase({
        ...{ endpoints: [{ host: AT.host, port }], dbname: 'app' },
        ...{ tls: { mode: 'off' }, connectTimeoutMs: DEADLINE_MS },
      }),
  },
  {
    name: 'MySQL',
    greets: true,
    before: [MYSQL_GREETING],
    answers: mysqlCases(2),
    denials: [1045, 1698, 1862],
    database: (port) =>
      mysqlDatabase({
        ...{ endpoints: [{ host: AT.host, port }], dbname: 'app' },
        ...{ tls: { mode: 'off' }, connectTimeoutMs: DEADLINE_MS },
      }),
  },
]

describe.each(PROTOCOLS)('a login to a $name that answers anything', (protocol) => {
  const numRuns = cases(`logins to ${protocol.name}`, { short: 300, share: 0.03 })

  test(`ends in time, classified, and says nothing (seed ${SEED})`, async () => {
    await using server = await madServer(protocol.greets)
    const database = protocol.database(server.port)
    const endpoint = `${AT.host}:${server.port}`
    const holds = asyncProperty(protocol.answers, async ({ answer, reports }) => {
      const before = protocol.before.map((bytes): Answer => ({ bytes, ends: false }))
      server.answers = [...before, answer]
      const told = await judge((call) => database.login(LOGIN, endpoint, call))
      if (told.code !== undefined) expect(LOGIN_CODES).toContain(told.code)
      const isDenial = reports !== undefined && protocol.denials.includes(reports)
      if (reports !== undefined && !isDenial) expect(told.answer).not.toBe('denied')
      // On a busy machine the deadline may pass before a denial is read.
      if (isDenial) expect(told.answer ?? told.code).toMatch(/^(?:denied|ERR_DB_UNREACHABLE)$/)
      if (reports === undefined && told.answer === 'denied')
        expect(mentions(answer.bytes, protocol.denials), 'nobody has denied it').toBe(true)
      expect(told.answer).not.toBe('accepted')
    })
    await assert(holds, { numRuns, seed: SEED })
  })
})

/** Damage can make one error of another. */
function mentions(bytes: Buffer, denials: readonly (string | number)[]): boolean {
  return denials.some((denial) => {
    const text =
      typeof denial === 'string' ? denial : String.fromCharCode(denial & 255, denial >> 8)
    return bytes.includes(Buffer.from(text, 'latin1'))
  })
}

describe('a statement to a server that answers anything', () => {
  const numRuns = cases('statements', { short: 300, share: 0.03 })
  const statement = { sql: `ALTER '${CANARY}'`, operation: 'set the password' }

  test(`to PostgreSQL is unknown unless it was refused (seed ${SEED})`, async () => {
    await using server = await madServer(false)
    const holds = asyncProperty(pgCases, async ({ answer, reports }) => {
      server.answers = [{ bytes: PG_READY, ends: false }, answer]
      const told = await judge((call) => askPostgres(server, statement, call))
      expectStatement(told, reports, { answer, heard: server.heard })
    })
    await assert(holds, { numRuns, seed: SEED })
  })

  test(`to MySQL is unknown unless it was refused (seed ${SEED})`, async () => {
    await using server = await madServer(true)
    const holds = asyncProperty(mysqlCases(1), async ({ answer, reports }) => {
      const before = [MYSQL_GREETING, mysqlOk(2)]
      server.answers = [...before.map((bytes): Answer => ({ bytes, ends: false })), answer]
      const told = await judge((call) => askMysql(server, statement, call))
      expectStatement(told, reports, { answer, heard: server.heard })
    })
    await assert(holds, { numRuns, seed: SEED })
  })
})

async function askPostgres(
  { port }: MadServer,
  statement: { readonly sql: string; readonly operation: string },
  call: Call,
): Promise<string> {
  const link = await Link.open(
    {
      ...{ endpoint: { host: AT.host, port }, dbname: 'app', credential: LOGIN },
      ...{ tls: { mode: 'off' }, application: 'fuzz', connectTimeoutMs: HANG_MS },
    },
    { signal: AbortSignal.timeout(HANG_MS) },
  )
  if (!(link instanceof Link)) throw new Error('the login was not accepted')
  try {
    await link.query(statement, call)
    return 'done'
  } finally {
    link.destroy()
  }
}

async function askMysql(
  { port }: MadServer,
  statement: { readonly sql: string; readonly operation: string },
  call: Call,
): Promise<string> {
  const opened = await openConnection(
    {
      ...{ endpoint: { host: AT.host, port }, username: 'app', password: LOGIN.password },
      ...{ dbname: '', tls: { mode: 'off' }, timeoutMs: HANG_MS, program: 'fuzz' },
    },
    { signal: AbortSignal.timeout(HANG_MS) },
  )
  if (opened.answer !== 'accepted') throw new Error('the login was not accepted')
  try {
    await opened.connection.run(statement, call)
    return 'done'
  } finally {
    opened.connection.destroy()
  }
}

/** Only a server that reports an error may cause one that says: nothing was done. */
function expectStatement(
  told: Told,
  reports: string | number | undefined,
  { answer, heard }: { readonly answer: Answer; readonly heard: string },
): void {
  if (reports !== undefined) return expect(told.answer).toBeUndefined()
  if (told.code === undefined || told.code === 'ERR_OUTCOME_UNKNOWN') return
  const { bytes } = answer
  if (told.code === 'ERR_DB_UNREACHABLE') return expect(heard).not.toContain(CANARY)
  const looksLikeAnError = bytes.includes('E') || bytes.includes(0xff)
  expect(looksLikeAnError, `${told.code} for ${bytes.toString('hex')}`).toBe(true)
}
