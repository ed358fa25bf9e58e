import { describe, expect, test } from 'vitest'
import { Pool } from './pool.ts'
import type { DatabaseSession } from '../../../packages/testkit/src/rig/consumer-session.ts'

interface Opened extends DatabaseSession {
  closed: boolean
}

function world(options: { size: number; lifeMs?: number }) {
  const opened: Opened[] = []
  const open = async (): Promise<Opened> => {
    const session: Opened = {
      closed: false,
      query: async () => [],
      async close() {
        session.closed = true
      },
    }
    opened.push(session)
    return session
  }
  return { opened, pool: new Pool({ open, size: options.size, lifeMs: options.lifeMs ?? 60_000 }) }
}

describe('a pool', () => {
  test('uses a connection again, and never more than its size', async () => {
    const { opened, pool } = world({ size: 2 })
    await Promise.all(Array.from({ length: 9 }, () => pool.use(async (s) => s.query('x'))))
    await pool.use(async (session) => session.query('x'))
    expect(opened).toHaveLength(2)
  })

  test('does not use a connection again that is old or on which something failed', async () => {
    const { opened, pool } = world({ size: 2, lifeMs: 0 })
    for (let n = 0; n < 3; n++) await pool.use(async (session) => session.query('x'))
    expect(opened.map(({ closed }) => closed)).toEqual([true, true, true])
    const other = world({ size: 2 })
    const work = other.pool.use(() => Promise.reject(new Error('broken')))
    await expect(work).rejects.toThrow('broken')
    await other.pool.use(async (session) => session.query('x'))
    expect(other.opened.map(({ closed }) => closed)).toEqual([true, false])
  })

  test('ends when the work that has begun is done, and not before', async () => {
    const { opened, pool } = world({ size: 1 })
    const going = Promise.withResolvers<void>()
    const done: string[] = []
    const work = pool.use(() => going.promise).then(() => done.push('work'))
    const end = pool.end().then(() => done.push('end'))
    going.resolve()
    await Promise.all([work, end])
    expect(done).toEqual(['work', 'end'])
    expect(opened.map(({ closed }) => closed)).toEqual([true])
  })

  test('a connection that cannot be opened leaves its place to the next', async () => {
    const pool = new Pool({ open: () => Promise.reject(new Error('no')), size: 1, lifeMs: 1000 })
    await expect(pool.use(async () => undefined)).rejects.toThrow('no')
    await expect(pool.use(async () => undefined)).rejects.toThrow('no')
  })
})
