// Goal: a full disk of the database server, before a run or in the midst of it, is told by its
// name, cuts no consumer off, and the next run after it rotates. Method: the real command line on
// real servers whose data is on a disk of memory that is filled to the last byte.
import { afterEach, describe, expect, test } from 'vitest'
import {
  fullDiskMariadb,
  fullDiskMysql,
  fullDiskPostgres,
  fullLogPostgres,
} from '../../testkit/src/rig/full-disk.ts'
import type { FullDiskRig } from '../../testkit/src/rig/full-disk.ts'
import { noSmallDisk } from '../../testkit/src/crash/small-disk.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql.ts'
import { ERROR_CATALOGUE } from '../src/error-catalogue.ts'
import { outage } from './outage.ts'
import type { Outage } from './outage.ts'

const reason = noSmallDisk()
if (reason !== undefined) console.warn(`no tests with a full disk of a server: ${reason}`)

interface Case {
  readonly start: () => Promise<FullDiskRig>
  readonly code: string
  /** How a run ends that finds it so. */
  readonly before: { readonly exit: number; readonly state: RegExp }
}

const NOTHING = { exit: 1, state: /changed nothing/ }

const CASES: Readonly<Record<string, Case>> = {
  PostgreSQL: {
    start: fullDiskPostgres,
    code: 'ERR_DB_DISK_FULL',
    before: { exit: 5, state: /^Slot A is active\. Rotation A→B is open\. Logging in now: A\./ },
  },
  'PostgreSQL without space for its log, which ends it': {
    start: fullLogPostgres,
    code: 'ERR_DB_UNREACHABLE',
    before: NOTHING,
  },
  MariaDB: { start: fullDiskMariadb, code: 'ERR_DB_DISK_FULL', before: NOTHING },
  ...(MYSQL_HERE !== undefined && {
    MySQL: { start: fullDiskMysql, code: 'ERR_DB_DISK_FULL', before: NOTHING },
  }),
}

describe.skipIf(reason !== undefined)('a full disk of the server', () => {
  let open: Outage | undefined
  afterEach(async () => {
    await open?.[Symbol.asyncDispose]()
    open = undefined
  })

  test.each(Object.entries(CASES))('is told: %s', async (_name, { start, code, before }) => {
    const engine = await start()
    open = await outage(engine)
    await engine.exhaust()
    const run = await open.rotateUntilTrouble()
    expect(run.codes, run.shown).toContain(code)
    expect(run.exit, run.shown).toBe(before.exit)
    expect(run.result.state).toMatch(before.state)
    expect(run.result.todo).toContain(hintOf(code))
    if (code === 'ERR_DB_DISK_FULL') await open.expectApplicationLogsIn()
    await engine.relieve()
    await open.expectConverges()
  })

  test.each(Object.entries(CASES))('in mid-rotation is told: %s', async (_name, { start, code }) => {
    const engine = await start()
    open = await outage(engine, () => engine.exhaust())
    const run = await open.rotateUntilTrouble()
    expect(run.codes.join(), run.shown).toMatch(code)
    expect(run.exit, run.shown).toBe(5)
    expect(run.result.state).toMatch(/Rotation A→B is open/)
    if (code === 'ERR_DB_DISK_FULL') await open.expectApplicationLogsIn()
    await engine.relieve()
    await open.expectApplicationLogsIn()
    await open.expectConverges()
  })
})

function hintOf(code: string): string {
  const all: Readonly<Record<string, { readonly hint: string }>> = ERROR_CATALOGUE
  return all[code]?.hint ?? 'a hint in the catalogue'
}
