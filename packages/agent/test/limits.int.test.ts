// Goal: no client holds the agent up, whatever it sends or does not send. Method: raw sockets to
// the command, and, where a limit is long, to its server with a short one.
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setInterval as every } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { listenOnPort } from '../src/http/listen.ts'
import { agentServer } from '../src/http/server.ts'
import type { AgentServer } from '../src/http/server.ts'
import { makeLog } from '../src/log/log.ts'
import { Token } from '../src/token.ts'
import { TOKEN, startAgentProcess } from './agent-process.ts'
import type { AgentProcess } from './agent-process.ts'
import { world } from './cache-world.ts'
import type { World } from './cache-world.ts'

const HEADER = `x-aws-parameters-secrets-token: ${TOKEN}\r\n`
const PING = 'GET /ping HTTP/1.1\r\n\r\n'
const GET = `GET /v1/a HTTP/1.1\r\n${HEADER}\r\n`

async function opened(address: string): Promise<Socket> {
  const socket = connect(Number(new URL(address).port), '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** All that comes until the agent closes the connection. */
async function answerTo(address: string, sent: string | Buffer): Promise<string> {
  const socket = await opened(address)
  socket.write(sent)
  return await text(socket)
}

describe('the command', () => {
  const MAX_CONN = 3
  /** For their health; and those that are told that they are too many. */
  const [MORE_FOR_PING, MORE_TO_REFUSE] = [2, 64]

  let agent: AgentProcess

  beforeAll(async () => {
    agent = await startAgentProcess('http://127.0.0.1:1', { toml: `max_conn = ${MAX_CONN}` })
  })

  afterAll(async () => {
    await agent[Symbol.asyncDispose]()
  })

  afterEach(async () => {
    while ((await agent.ask('/ping').catch(() => undefined))?.status !== 200);
  })

  test.each([
    ['no words', '\r\n\r\n\r\ncanary\r\n\r\n'],
    ['no target', 'GET\r\n\r\n'],
    ['no method', ' /ping HTTP/1.1\r\n\r\n'],
    ['a method that nobody knows', 'CANARY /ping HTTP/1.1\r\n\r\n'],
    ['a version that nobody knows', 'GET /ping HTTP/9.9\r\n\r\n'],
    ['what HTTP/2 begins with', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['what TLS begins with', Buffer.from('160301020001000001fc0303', 'hex')],
    ['a target with a space', 'GET /v1/a b HTTP/1.1\r\n\r\n'],
    ['a header without a name', 'GET /ping HTTP/1.1\r\n: a\r\n\r\n'],
    ['a header with a zero byte', 'GET /ping HTTP/1.1\r\na: \0\r\n\r\n'],
    ['a header that goes on', 'GET /ping HTTP/1.1\r\na: b\r\n c: d\r\n\r\n'],
    ['two lengths', 'GET /ping HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'],
    [
      'two ways to tell a length',
      'GET /ping HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
    ],
    ['a length that is none', 'GET /ping HTTP/1.1\r\ncontent-length: -1\r\n\r\n'],
  ])('answers 400 to %s', async (_, sent) => {
    const answer = await answerTo(agent.address, sent)
    expect(answer).toBe(
      'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
    )
  })

  test.each([
    ['one long header', `a: ${'a'.repeat(33_000)}\r\n`],
    ['many headers', 'a: aaaa\r\n'.repeat(9_000)],
    ['a long name', `${'a'.repeat(33_000)}: a\r\n`],
  ])('answers 431 to %s', async (_, headers) => {
    const answer = await answerTo(agent.address, `GET /ping HTTP/1.1\r\n${headers}\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 431 [^\r]+\r\nconnection: close\r\n/u)
  })

  test('answers 400 on a connection that it has answered on before', async () => {
    const socket = await opened(agent.address)
    socket.write(PING)
    await once(socket, 'readable')
    const answer = text(socket)
    socket.write('canary\r\n\r\n')
    expect((await answer).match(/HTTP\/1\.1 \d+/gu)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400'])
  })

  test('tells who is beyond the limit, lets two more ask for its health, and ends', async () => {
    const silent: Socket[] = []
    const open = async (): Promise<void> => void silent.push(await opened(agent.address))
    for (let n = 0; n < MAX_CONN; n++) await open()
    expect(await answerTo(agent.address, GET)).toMatch(/^HTTP\/1\.1 429 [^]+\r\nconnection: close/u)
    for (let n = 0; n < MORE_FOR_PING; n++) {
      expect(await answerTo(agent.address, PING)).toMatch(/^HTTP\/1\.1 200 [^]+healthy$/u)
      await open()
    }
    expect(await answerTo(agent.address, PING)).toMatch(/^HTTP\/1\.1 429 /u)
    while (silent.length < MAX_CONN + MORE_TO_REFUSE) await open()
    expect(await answerTo(agent.address, PING).catch(() => 'reset')).toMatch(/^(reset)?$/u)
    for (const socket of silent) socket.destroy()
  })

  test('frees a place when its connection is closed', async () => {
    const silent = await Promise.all(Array.from({ length: 5 }, () => opened(agent.address)))
    expect(await answerTo(agent.address, PING)).toMatch(/^HTTP\/1\.1 429 /u)
    for (const socket of silent) socket.destroy()
    while ((await agent.ask('/v1/')).status !== 400);
  })

  test('has written nothing of all that into its log', () => {
    expect(agent.output()).not.toMatch(/canary/iu)
  })
})

describe('a server with a short limit', () => {
  let made: World
  let agent: AgentServer

  beforeEach(() => {
    made = world()
  })

  afterEach(async () => {
    await agent.close()
  })

  /** @returns the address */
  async function serving(limits: Parameters<typeof agentServer>[1]): Promise<string> {
    const service = { cache: made.cache, token: new Token(TOKEN), pathPrefix: '/v1/', maxConn: 8 }
    const silent = makeLog(
      'none',
      () => undefined,
      () => new Date(),
    )
    const ssrfHeaders = ['X-Aws-Parameters-Secrets-Token']
    agent = agentServer({ ...service, ssrfHeaders, log: silent }, { checkMs: 20, ...limits })
    return await listenOnPort(agent.server, 0)
  }

  /** A request whose answer the store owes. */
  async function askedAt(address: string): Promise<{ readonly answer: Promise<string> }> {
    const socket = await opened(address)
    socket.write(GET)
    const answer = text(socket)
    await expect.poll(() => made.asked.length).toBe(1)
    return { answer }
  }

  test.each([
    ['says nothing', ''],
    ['sends half of the first line', 'GET /pi'],
    ['sends half of its headers', 'GET /ping HTTP/1.1\r\na: b\r\n'],
    ['sends half of its headers after an answer', `${PING}GET /ping HTTP/1.1\r\na: b\r\n`],
  ])('answers 408 to a client that %s', async (_, sent) => {
    const answer = await answerTo(await serving({ headMs: 100 }), sent)
    expect(answer).toMatch(/HTTP\/1\.1 408 [^\r]+\r\nconnection: close\r\n/u)
  })

  test('answers 408 to a client that sends a header from time to time', async () => {
    const socket = await opened(await serving({ headMs: 100 }))
    const answer = text(socket)
    socket.write('GET /ping HTTP/1.1\r\n')
    for await (const _ of every(25)) {
      if (!socket.writable) break
      socket.write('a: b\r\n')
    }
    expect(await answer).toMatch(/^HTTP\/1\.1 408 /u)
  })

  test('has patience with whoever waits for the answer to a whole request', async () => {
    const address = await serving({ headMs: 1000, silenceMs: 5000 })
    const { answer } = await askedAt(address)
    expect(await answerTo(address, 'GET')).toMatch(/^HTTP\/1\.1 408 /u)
    made.asked[0]?.version('v1')
    await agent.close()
    expect(await answer).toMatch(/^HTTP\/1\.1 200 [^]+canary-v1/u)
  })

  test('closes a connection on which nothing more is asked', async () => {
    const answer = await answerTo(await serving({ silenceMs: 1000 }), PING)
    expect(answer.match(/HTTP\/1\.1 \d+|timeout=\d+/gu)).toEqual(['HTTP/1.1 200', 'timeout=1'])
  })

  test('cuts off at its end whose answer does not come', async () => {
    const { answer } = await askedAt(await serving({ closeMs: 50 }))
    await agent.close()
    expect(await answer).toBe('')
  })

  test('answers at its end what is under way, and takes nothing more', async () => {
    const address = await serving({})
    const { answer } = await askedAt(address)
    const closed = agent.close()
    await expect(opened(address)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    made.asked[0]?.version('v1')
    expect(await answer).toMatch(/^HTTP\/1\.1 200 [^]+\r\nconnection: close\r\n[^]+canary-v1/u)
    await closed
  })
})
