import { readFile } from 'node:fs/promises'
import { Kysely, sql as kyselySql } from 'kysely'
import type { MysqlDialect, PostgresDialect } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { createCredentials } from '../src/credentials/credentials.ts'
import type { Credentials } from '../src/credentials/credentials.ts'
import { HandVault } from './hand-vault.ts'
import { soon } from './pool-harness.ts'

/** A library at work, whatever it calls things. */
export interface Library {
  /** As whom a query runs. */
  user(): Promise<unknown>
  /** As whom each query of a transaction runs; `during` happens between the first and the last. */
  transaction(during: () => Promise<void>): Promise<readonly unknown[]>
  end(): Promise<unknown>
}

/** What a library is made with. */
export interface Given {
  readonly credentials: Credentials
  readonly ssl: { readonly ca: string }
}

/** Libraries by name, each as its own documentation has it. */
export type Makers = Readonly<Record<string, (given: Given) => Promise<Library>>>

/** What is the same in all of them. `T` runs queries: the library itself, and its transactions. */
interface Parts<T> {
  readonly db: T
  /** As whom a query runs. */
  readonly user: (on: T) => Promise<unknown>
  readonly begin: (
    work: (transaction: T) => Promise<readonly unknown[]>,
  ) => Promise<readonly unknown[]>
  readonly end: () => Promise<unknown>
}

/** A library, from what it calls things. */
export function libraryOf<T>({ db, user, begin, end }: Parts<T>): Library {
  return {
    user: () => user(db),
    transaction: (during) =>
      begin(async (transaction) => {
        const first = await user(transaction)
        await during()
        return [first, await user(transaction)]
      }),
    end,
  }
}

/** Takes a pool of the driver, in what it calls a dialect. */
export function kyselyOf(dialect: PostgresDialect | MysqlDialect, text: string): Library {
  const db = new Kysely<object>({ dialect })
  const query = kyselySql.raw(text)
  return libraryOf<Kysely<object>>({
    db,
    user: async (on) => nameIn(await query.execute(on)),
    begin: (work) => db.transaction().execute(work),
    end: () => db.destroy(),
  })
}

/** True for what has properties. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** The one name in what a library returns. */
export function nameIn(result: unknown): unknown {
  const rows: unknown = isObject(result) && Reflect.get(result, 'rows')
  const row: unknown = Array.isArray(rows) && rows[0]
  return isObject(row) ? Reflect.get(row, 'name') : undefined
}

/** A server and the libraries that are tried on it. */
export interface LibrariesSubject {
  readonly name: string
  readonly start: () => Promise<RigEngine>
  readonly makers: Makers
}

/**
 * What takes a pool of the driver takes ours, and does not notice that the credential changes under
 * it: a transaction that runs meanwhile ends well, the next query runs as the other user, and none
 * fails.
 */
export function librariesTests({ name, start, makers }: LibrariesSubject): void {
  describe(`on ${name}`, () => {
    let engine: RigEngine
    let vault: HandVault
    let credentials: Credentials

    beforeAll(async () => {
      engine = await start()
    }, 120_000)

    afterAll(async () => {
      await engine[Symbol.asyncDispose]()
    })

    beforeEach(() => {
      vault = new HandVault()
      vault.put('AWSCURRENT', 'v1', engine.slots.A)
      credentials = createCredentials(vault.source, { pollMs: 0, cooldownMs: 0 })
    })

    afterEach(() => {
      credentials.close()
    })

    test.each(Object.entries(makers))('%s does not notice a swap', async (_, make) => {
      const { A, B } = engine.slots
      const library = await make({
        credentials,
        ssl: { ca: await readFile(engine.caFile, 'utf8') },
      })
      const failed: unknown[] = []
      const user = async (): Promise<unknown> =>
        await library.user().catch((error: unknown) => failed.push(error))
      expect(await user()).toBe(A.username)
      const within = await library.transaction(async () => {
        vault.put('AWSCURRENT', 'v2', B)
        await credentials.refresh()
        await soon(async () => expect(await user()).toBe(B.username))
      })
      expect(within).toEqual([A.username, A.username])
      expect(await user()).toBe(B.username)
      expect(failed).toEqual([])
      await library.end()
    })
  })
}
