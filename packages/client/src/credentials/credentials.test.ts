import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCredentials } from './credentials.ts'
import type { Credentials, HeldCredential, Trouble } from './credentials.ts'
import { handSource, secretOf } from './fixture.ts'
import type { Asked } from './fixture.ts'
import type { CredentialsOptions } from './options.ts'
import { LONGEST_RETRY_MS } from './pauses.ts'

interface Kept {
  readonly credentials: Credentials
  readonly asked: readonly Asked[]
  readonly changes: string[]
  readonly troubles: Trouble[]
}

let open: Credentials[] = []

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  for (const credentials of open) credentials.close()
  open = []
  vi.useRealTimers()
})

function keep(options: CredentialsOptions = {}): Kept {
  const { asked, source } = handSource()
  const credentials = createCredentials(source, { cooldownMs: 0, ...options })
  open.push(credentials)
  const kept: Kept = { credentials, asked, changes: [], troubles: [] }
  credentials.on('change', (now, before) => {
    kept.changes.push(`${before?.versionId ?? 'nothing'} to ${now.versionId}`)
  })
  credentials.on('trouble', (trouble) => kept.troubles.push(trouble))
  return kept
}

/** Lets promises settle; with a time, timers too. */
async function pass(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
}

async function holding(versionId: string, options?: CredentialsOptions): Promise<Kept> {
  const kept = keep(options)
  await pass()
  kept.asked[0]?.answer(versionId)
  await pass()
  expect(kept.credentials.current?.versionId).toBe(versionId)
  return kept
}

/** What somebody who waits is refused with. */
async function refusalOf(waiting: Promise<unknown>): Promise<unknown> {
  return await waiting.then(
    () => undefined,
    (error: unknown) => error,
  )
}

const HOUR = 3_600_000

describe('before the source has answered', () => {
  test('nothing is held, and whoever asks waits for the first answer', async () => {
    const { credentials, asked } = keep()
    const waiting = credentials.get()
    expect(credentials.current).toBeUndefined()
    await pass()
    asked[0]?.answer('1')
    expect(await waiting).toBe(credentials.current)
    expect((await waiting).credential.password.reveal()).toBe('canary-1')
    expect(asked.map(({ request }) => request)).toMatchObject([
      { stage: 'AWSCURRENT', fresh: false },
    ])
  })

  test('it is asked again without giving up, at longer and longer intervals', async () => {
    const down = new Error('the store is down')
    const store = { up: false, asked: 0 }
    const credentials = createCredentials(async () => {
      store.asked += 1
      if (!store.up) throw down
      return { versionId: '1', value: secretOf('1') }
    })
    open.push(credentials)
    const troubles: Trouble[] = []
    credentials.on('trouble', (trouble) => troubles.push(trouble))
    const waiting = credentials.get()
    await pass(HOUR)
    expect(store.asked).toBeGreaterThan(HOUR / LONGEST_RETRY_MS)
    expect(store.asked).toBeLessThan((3 * HOUR) / LONGEST_RETRY_MS)
    expect(troubles).toHaveLength(store.asked)
    expect(troubles[1]).toMatchObject({ failures: 2, error: { code: 'ERR_SOURCE', cause: down } })
    store.up = true
    await pass(LONGEST_RETRY_MS)
    expect((await waiting).versionId).toBe('1')
    store.up = false
    await pass(10 * 60_000)
    expect(troubles.filter(({ failures }) => failures === 1)).toHaveLength(2)
  })

  test('whoever waits can stop waiting, and the others go on', async () => {
    const { credentials, asked } = keep()
    const patient = credentials.get()
    const stop = new AbortController()
    const impatient = refusalOf(credentials.get(stop.signal))
    stop.abort(new Error('no time'))
    expect(await impatient).toMatchObject({ message: 'no time' })
    await pass()
    asked[0]?.answer('1')
    expect((await patient).versionId).toBe('1')
    await expect(credentials.get(stop.signal)).rejects.toThrow('no time')
  })
})

describe('while a credential is held', () => {
  test('it is polled, and told of when it has changed', async () => {
    const { credentials, asked, changes } = await holding('1', { pollMs: 1_000 })
    await pass(1_250)
    expect(asked).toHaveLength(2)
    asked[1]?.answer('1')
    await pass(1_250)
    asked[2]?.answer('2')
    await pass()
    expect(credentials.current?.versionId).toBe('2')
    expect(changes).toEqual(['nothing to 1', '1 to 2'])
    expect(asked.every(({ request }) => !request.fresh)).toBe(true)
  })

  test('without polls nothing is asked of its own accord', async () => {
    const { asked } = await holding('1', { pollMs: 0 })
    await pass(24 * HOUR)
    expect(asked).toHaveLength(1)
  })

  test('another user, host or port in the same version is a change', async () => {
    const { credentials, asked, changes } = await holding('1')
    const refreshed = credentials.refresh()
    await pass()
    asked[1]?.answer('1', secretOf('1').replace('"db"', '"other"'))
    expect((await refreshed).credential.host).toBe('other')
    expect(changes).toEqual(['nothing to 1', '1 to 1'])
  })

  test.each<[string, (one: Asked | undefined) => void, string]>([
    ['the store is down', (one) => one?.fail(), 'ERR_SOURCE'],
    ['it is no JSON', (one) => one?.answer('2', '{"pass'), 'ERR_DOCUMENT_NOT_JSON'],
    ['it has no user', (one) => one?.answer('2', '{"password":"canary"}'), 'ERR_DOCUMENT_SHAPE'],
    ['it has no version', (one) => one?.answer(''), 'ERR_SOURCE_ANSWER'],
    ['nobody answers', () => undefined, 'ERR_SOURCE_SLOW'],
  ])('it is served on when %s, and that is told', async (_name, goesWrong, code) => {
    const { credentials, asked, changes, troubles } = await holding('1')
    const refreshed = credentials.refresh()
    await pass()
    goesWrong(asked[1])
    await pass(10_000)
    expect((await refreshed).versionId).toBe('1')
    expect(troubles[0]).toMatchObject({ failures: 1, error: { code } })
    expect(JSON.stringify(troubles)).not.toContain('canary')
    await pass(1_000)
    asked.at(-1)?.answer('2')
    await pass()
    expect(changes).toEqual(['nothing to 1', '1 to 2'])
  })

  test('a listener that throws keeps nobody from hearing', async () => {
    const thrown: unknown[] = []
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', (error) => thrown.push(error))
    const { credentials, asked } = keep()
    const heard: HeldCredential[] = []
    credentials.on('change', () => {
      throw new Error('a bug of the application')
    })
    credentials.on('change', (now) => heard.push(now))
    await pass()
    asked[0]?.answer('1')
    await pass()
    await vi.waitFor(() => expect(thrown).toHaveLength(1))
    for (const other of others) process.on('uncaughtException', other)
    expect(heard).toHaveLength(1)
  })

  test('a listener that was taken back hears nothing', async () => {
    const { credentials, asked } = keep()
    const heard: string[] = []
    const listener = ({ versionId }: HeldCredential): void => void heard.push(versionId)
    credentials.on('change', listener).off('change', listener)
    await pass()
    asked[0]?.answer('1')
    await pass()
    expect(heard).toEqual([])
  })
})

describe('a refresh', () => {
  test('goes past every cache, and is shared by all who ask for it meanwhile', async () => {
    const { credentials, asked } = await holding('1')
    const all = Promise.all([credentials.refresh(), credentials.refresh(), credentials.refresh()])
    await pass()
    expect(asked).toHaveLength(2)
    expect(asked[1]?.request.fresh).toBe(true)
    asked[1]?.answer('2')
    expect((await all).map(({ versionId }) => versionId)).toEqual(['2', '2', '2'])
    expect(asked).toHaveLength(2)
    expect(vi.getTimerCount(), 'one poll is to come').toBe(1)
  })

  test('does not take the answer to a question that was asked before it', async () => {
    const { credentials, asked } = await holding('1', { pollMs: 1_000 })
    await pass(1_250)
    const both = Promise.all([credentials.refresh(), credentials.refresh()])
    await pass()
    expect(asked).toHaveLength(2)
    asked[1]?.answer('1')
    await pass()
    expect(asked[2]?.request.fresh).toBe(true)
    asked[2]?.answer('2')
    expect((await both).map(({ versionId }) => versionId)).toEqual(['2', '2'])
    expect(asked).toHaveLength(3)
  })

  test('begins when the cooldown of the reading before is over', async () => {
    const { credentials, asked } = await holding('1', { cooldownMs: 1_000 })
    const first = credentials.refresh()
    await pass(999)
    expect(asked).toHaveLength(1)
    const second = credentials.refresh()
    await pass(1)
    asked[1]?.answer('2')
    expect([await first, await second].map(({ versionId }) => versionId)).toEqual(['2', '2'])
    expect(asked).toHaveLength(2)
  })

  test('is not undone by an older answer that comes later', async () => {
    const { credentials, asked, changes } = await holding('1')
    const slow = credentials.refresh()
    await pass(10_000)
    expect((await slow).versionId).toBe('1')
    const refreshed = credentials.refresh()
    await pass()
    asked[2]?.answer('3')
    await refreshed
    asked[1]?.answer('2')
    await pass()
    expect(credentials.current?.versionId).toBe('3')
    expect(changes).toEqual(['nothing to 1', '1 to 3'])
  })

  test('takes an answer that came too late where there is no later one', async () => {
    const { credentials, asked } = await holding('1')
    const slow = credentials.refresh()
    await pass(10_000)
    expect((await slow).versionId).toBe('1')
    asked[1]?.answer('2')
    await pass()
    expect(credentials.current?.versionId).toBe('2')
  })
})

describe('closed', () => {
  test('whoever waits is told, what was held stays, and nothing is asked any more', async () => {
    const { credentials, asked, troubles } = await holding('1', { pollMs: 1_000 })
    const refused = refusalOf(credentials.refresh())
    await pass()
    credentials.close()
    credentials.close()
    expect(vi.getTimerCount()).toBe(0)
    expect(await refused).toMatchObject({ code: 'ERR_CLOSED' })
    expect(asked[1]?.request.signal.aborted).toBe(true)
    asked[1]?.answer('2')
    await pass(HOUR)
    expect(credentials.current?.versionId).toBe('1')
    expect((await credentials.get()).versionId).toBe('1')
    expect(asked).toHaveLength(2)
    expect(troubles).toEqual([])
    await expect(credentials.refresh()).rejects.toThrow('closed')
  })

  test('before anything was held, whoever waits is told', async () => {
    const { credentials } = keep()
    const refused = refusalOf(credentials.get())
    {
      using closing = credentials
      expect(closing.current).toBeUndefined()
    }
    expect(await refused).toMatchObject({ code: 'ERR_CLOSED' })
    expect(vi.getTimerCount()).toBe(0)
  })
})
