// Goal: an application that has nothing but the client rides out real rotations: no config is
// published, nothing is restarted, no query fails. Method: the real command line rotates a real
// server, by a secret in the fake of Secrets Manager that the pools poll; they serve queries,
// transactions, and requests with a connection of their own all the while.
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../../testkit/src/rig/mysql.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { AWS_ENVIRONMENT, startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig, RigStrategy } from '../../testkit/src/rig/rig.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import { createCredentials } from '../src/credentials/credentials.ts'
import { awsSecretsManager } from '../src/sources/aws.ts'
import { openMysql } from './mysql2-pool.ts'
import { openPg } from './pg-pool.ts'
import type { TestPool, TestPoolOptions } from './pool-harness.ts'

const ROTATIONS = 2
const PAUSE_MS = 20
const TRANSACTION_MS = 400

interface Load {
  readonly served: number
  readonly failures: readonly string[]
  stop(): Promise<void>
}

/** Requests of three kinds, without an end. */
function loadOn(pool: TestPool): Load {
  const failures: string[] = []
  const state = { served: 0, stopped: false }
  const loop = async (name: string, request: () => Promise<unknown>): Promise<void> => {
    while (!state.stopped) {
      await request().then(
        () => void state.served++,
        (error: unknown) => failures.push(`${name}: ${String(error)}`),
      )
      await pause(PAUSE_MS)
    }
  }
  const transaction = async (): Promise<void> => {
    const held = await pool.hold()
    await held.begin()
    await pause(TRANSACTION_MS)
    await held.commit()
    held.release()
  }
  const fresh = async (): Promise<void> => {
    const held = await pool.hold()
    await held.user()
    held.close()
  }
  const loops = [
    loop('a query', () => pool.user()),
    loop('a query', () => pool.user()),
    loop('a transaction', transaction),
    loop('a connection of its own', fresh),
  ]
  return {
    failures,
    get served() {
      return state.served
    },
    async stop() {
      state.stopped = true
      await Promise.all(loops)
    },
  }
}

interface Row {
  readonly name: string
  readonly strategy: RigStrategy
  readonly start: () => Promise<RigEngine>
  readonly open: (options: TestPoolOptions) => TestPool
}

const mysql: Pick<Row, 'start' | 'open'> = { start: () => mysqlRig(), open: openMysql }
const mariadb: Pick<Row, 'start' | 'open'> = { start: () => mariadbRig(), open: openMysql }
const ROWS: readonly Row[] = [
  { name: 'PostgreSQL', strategy: 'alternating', start: () => postgresRig(), open: openPg },
  { name: 'MariaDB', strategy: 'alternating', ...mariadb },
  { name: 'MariaDB', strategy: 'dual-password', ...mariadb },
  ...(MYSQL_HERE === undefined
    ? []
    : ([
        { name: 'MySQL', strategy: 'alternating', ...mysql },
        { name: 'MySQL', strategy: 'dual-password', ...mysql },
      ] as const)),
]
if (MYSQL_HERE === undefined) console.warn('no rotations of MySQL: it is not on this machine')

/** Who is active, or which password. */
async function currentIn(rig: Rig): Promise<string> {
  const { active_slot: slot, A, B, password } = (await rig.document('AWSCURRENT')) ?? {}
  return (slot === 'B' ? B?.password : A?.password) ?? password ?? ''
}

describe.each(ROWS)('an application with the client on $name, $strategy', (row) => {
  beforeEach(() => {
    for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value)
  })

  afterEach(() => {
    vi.unstubAllEnvs()
  })

  test('serves every request while its credential is rotated again and again', async () => {
    const target = { publish: [], roll: [] }
    await using rig = await startRig(await row.start(), row.strategy, { target })
    const { endpoint } = rig.store
    const source = awsSecretsManager({ secretId: 'rig/slots', region: 'eu-central-1', endpoint })
    using credentials = createCredentials(source, { pollMs: 1_000 })
    const pool = row.open({ credentials, ca: await readFile(rig.engine.caFile, 'utf8') })
    const load = loadOn(pool)
    try {
      for (let turn = 1; turn <= ROTATIONS; turn++) {
        const before = await currentIn(rig)
        const { code, stderr } = await rig.cuedot(['rotate', '--json']).ended
        expect(code, `rotation ${turn}: ${stderr}`).toBe(0)
        expect(await currentIn(rig)).not.toBe(before)
      }
    } finally {
      await load.stop()
      await pool.end()
    }
    expect(load.failures).toEqual([])
    expect(load.served).toBeGreaterThan(50)
  })
})
