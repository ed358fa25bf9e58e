import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { parseEnv } from 'node:util'
import { Sensitive } from '@cuedot/client/protocol'
import { failureOf, openSession } from '../../../packages/testkit/src/rig/consumer-session.ts'
import type {
  DatabaseSession,
  Failure,
} from '../../../packages/testkit/src/rig/consumer-session.ts'
import type { LoadSetup } from './messages.ts'
import { Pool } from './pool.ts'
import { SHAPE } from './shape.ts'
import type { LoadKind } from './shape.ts'

/** How one request ended: `undefined` when it was served. */
export type Ended = Failure | undefined

/**
 * One worker of an application: it reads its credential once, when it starts, and holds it for its
 * life, as applications do whose configuration is in the environment.
 */
export class Worker {
  readonly #open: () => Promise<DatabaseSession>
  readonly #pool: Pool

  /** Starts a worker; it is ready when its pool has logged in. */
  static async start(setup: LoadSetup): Promise<Worker> {
    const found = parseEnv(await readFile(setup.envFile, 'utf8'))
    const { DB_USER: username = '', DB_PASSWORD = '', DB_CRED_VERSION: version = '' } = found
    const password = new Sensitive(DB_PASSWORD, 'password that the worker holds')
    const worker = new Worker(() => openSession(setup, { username, password, version }))
    // The time that an application takes to start; there is nothing to wait for.
    await delay(SHAPE.bootMs)
    await worker.#pool.use((session) => session.query('SELECT 1'))
    return worker
  }

  private constructor(open: () => Promise<DatabaseSession>) {
    this.#open = open
    this.#pool = new Pool({ open, size: SHAPE.poolSize, lifeMs: SHAPE.pooledLifeMs })
  }

  connect(): Promise<Ended> {
    return ended(async () => {
      const session = await this.#open()
      await write(session, 'connect')
      await session.close()
    })
  }

  pooled(): Promise<Ended> {
    return ended(() => this.#pool.use((session) => write(session, 'pooled')))
  }

  /** A transaction in the pool, as a page that does much. */
  long(): Promise<Ended> {
    return transaction((work) => this.#pool.use(work))
  }

  /** A transaction of a job, on a connection of its own. */
  longAlone(): Promise<Ended> {
    return transaction(async (work) => {
      const session = await this.#open()
      await work(session)
      await session.close()
    })
  }

  /** Finishes what has begun and closes the pool. Jobs go on until they end. */
  stop(): Promise<void> {
    return this.#pool.end()
  }
}

/** The kinds by number, as the rows have them. */
export const ROW_IDS: Readonly<Record<LoadKind, number>> = { connect: 1, pooled: 2, long: 3 }

async function write(session: DatabaseSession, kind: LoadKind): Promise<void> {
  await session.query(`INSERT INTO visit (id) VALUES (${ROW_IDS[kind]})`)
}

type OnSession = (work: (session: DatabaseSession) => Promise<void>) => Promise<void>

async function transaction(on: OnSession): Promise<Ended> {
  let begun = false
  let committed = false
  const failure = await ended(() =>
    on(async (session) => {
      await session.query('BEGIN')
      begun = true
      for (let row = 0; row < SHAPE.rows.long; row++) {
        if (row > 0) await delay(SHAPE.stepMs)
        await write(session, 'long')
      }
      await session.query('COMMIT')
      committed = true
    }),
  )
  return failure && begun && !committed ? { ...failure, kind: 'transaction' } : failure
}

async function ended(work: () => Promise<unknown>): Promise<Ended> {
  try {
    await work()
    return undefined
  } catch (error) {
    return failureOf(error)
  }
}
