import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { makeTestTls } from '../../testkit/src/servers/tls.ts'
import { call, health, judged, rolled, serve } from './runtime-tools.ts'
import type { Handler } from './runtime-tools.ts'

/** Answers with one status after the other, and goes on with the last. */
function answering(...statuses: readonly number[]): Handler & { readonly seen: IncomingMessage[] } {
  const seen: IncomingMessage[] = []
  const handler: Handler = (request, response) => {
    const status = statuses[Math.min(seen.length, statuses.length - 1)] ?? 500
    seen.push(request)
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('body')
  }
  return Object.assign(handler, { seen })
}

describe('a health page that is a runtime', () => {
  test('is done after good answers in a row and not after as many in all', async () => {
    const handler = answering(200, 200, 503, 200, 500, 200, 200, 200)
    await using page = await serve(handler)
    expect(await rolled(health(page.url))).toEqual({ state: 'done' })
    expect(handler.seen).toHaveLength(8)
    expect(new Set(handler.seen.map(({ url }) => url))).toEqual(new Set(['/login']))
  })

  test('asks on a new connection every time, and no more once it is judged', async () => {
    const handler = answering(200)
    await using page = await serve(handler)
    const runtime = health(page.url)
    await rolled(runtime)
    await runtime.observe('roll:1', call())
    expect(handler.seen).toHaveLength(3)
    expect(new Set(handler.seen.map(({ socket }) => socket)).size).toBe(3)
  })

  test('forgets rolls that are long over, and none that is not judged', async () => {
    const handler = answering(200)
    await using page = await serve(handler)
    const runtime = health(page.url, { successes: 1 })
    await runtime.roll('roll:waits', call())
    for (let n = 1; n <= 20; n++) await rolled(runtime, `roll:${n}`)
    expect(await runtime.observe('roll:1', call())).toEqual({ state: 'due' })
    expect(await runtime.observe('roll:10', call())).toEqual({ state: 'done' })
    expect(await runtime.observe('roll:waits', call())).toEqual({ state: 'done' })
  })

  test('asks nothing between two intervals', async () => {
    const handler = answering(200)
    await using page = await serve(handler)
    const runtime = health(page.url, { intervalMs: 600_000 })
    await runtime.roll('roll:1', call())
    for (let look = 0; look < 5; look += 1)
      expect(await runtime.observe('roll:1', call())).toEqual({
        state: 'rolling',
        why: 'status 200, 1 of 3 good answers in a row',
      })
    expect(handler.seen).toHaveLength(1)
  })

  test('fails after its attempts with the last status', async () => {
    const handler = answering(500, 200, 503)
    await using page = await serve(handler)
    const state = await rolled(health(page.url, { attempts: 4 }))
    expect(state.state).toBe('failed')
    expect(state.why).toContain('after 4 attempts: the last answer was: status 503')
    expect(handler.seen).toHaveLength(4)
  })

  test('does not follow a redirect and takes one only where it is named', async () => {
    const handler = answering(302)
    await using page = await serve(handler)
    expect((await rolled(health(page.url, { attempts: 3 }))).why).toContain('status 302')
    expect(await rolled(health(page.url, { expect: [200, 302] }))).toEqual({ state: 'done' })
    expect(new Set(handler.seen.map(({ url }) => url))).toEqual(new Set(['/login']))
  })

  test('waits for a server that is not there yet', async () => {
    const first = await serve(answering(200))
    await first[Symbol.asyncDispose]()
    const runtime = health(first.url)
    await runtime.roll('roll:1', call())
    expect((await runtime.observe('roll:1', call())).why).toMatch(/^ECONNREFUSED/)
    await using again = await serve(answering(200), { port: first.port })
    expect(again.port).toBe(first.port)
    expect(await judged(runtime)).toEqual({ state: 'done' })
  })

  test('counts no answer in time as a bad one', async () => {
    await using page = await serve(() => undefined)
    const runtime = health(page.url, { timeoutMs: 50, attempts: 2 })
    expect((await rolled(runtime)).why).toContain('no answer in 50 ms')
  })

  test('ends a probe at the limit of the roll', async () => {
    await using page = await serve(() => undefined)
    const runtime = health(page.url, { timeoutMs: 600_000, limitMs: 100 })
    expect((await rolled(runtime)).why).toContain('not well after 100 ms')
  })

  test('ends a probe whose call is over and counts it for nothing', async () => {
    const asked = Promise.withResolvers<void>()
    let probes = 0
    await using page = await serve((_request, response) => {
      probes += 1
      if (probes === 1) asked.resolve()
      else response.writeHead(503).end()
    })
    const runtime = health(page.url, { attempts: 1 })
    await runtime.roll('roll:1', call())
    const over = new AbortController()
    const look = runtime.observe('roll:1', { signal: over.signal })
    await asked.promise
    over.abort(new Error('deadline'))
    await expect(look).rejects.toThrow('deadline')
    expect((await judged(runtime)).why).toContain('status 503')
    expect(probes).toBe(2)
  })

  test('verifies certificates, by the CA that is given', async () => {
    await using tls = await makeTestTls()
    await using page = await serve(answering(200), { tls })
    expect(await rolled(health(page.url, { ca: tls.ca }))).toEqual({ state: 'done' })
    const unverified = /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/
    expect((await rolled(health(page.url, { attempts: 1 }))).why).toMatch(unverified)
    const other = await rolled(health(page.url, { attempts: 1, ca: tls.untrustedCa }))
    expect(other.why).toMatch(unverified)
  })

  test('verifies the name in the certificate', async () => {
    await using tls = await makeTestTls()
    await using page = await serve(answering(200), { tls, address: '127.0.0.2' })
    const state = await rolled(health(page.url, { attempts: 1, ca: tls.ca }))
    expect(state.why).toContain('ERR_TLS_CERT_ALTNAME_INVALID')
  })

  test.for(['ftp://h/', 'not a url', 'https://user:s3cret@h/', ''])(
    'is refused at once at %j',
    (url) => {
      expect(() => health(url)).toThrow(
        expect.objectContaining({
          code: 'ERR_CONFIG',
          message: expect.not.stringContaining('s3cret'),
        }),
      )
    },
  )
})
