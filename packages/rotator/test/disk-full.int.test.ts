// Goal: a full disk of the database server, before a run or in the midst of it, is told by its
// name, cuts no consumer off, and the next run after it rotates. Method: the real command line on
// real servers whose data is on a disk of memory that is filled to the last byte.
import { describe, expect, test } from 'vitest'
import {
  fullDiskMariadb,
  fullDiskMysql,
  fullLogMysql,
  fullDiskPostgres,
  fullLogPostgres,
} from '../../testkit/src/rig/full-disk.ts'
import type { FullDiskRig } from '../../testkit/src/rig/full-disk.ts'
import { noSmallDisk } from '../../testkit/src/crash/small-disk.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import { ERROR_CATALOGUE } from '../src/error-catalogue.ts'
import { outage } from './outage.ts'

const reason = noSmallDisk()
if (reason !== undefined) console.warn(`no tests with a full disk of a server: ${reason}`)

interface Case {
  readonly start: () => Promise<FullDiskRig>
  readonly code: RegExp
  /** How a run ends that finds it so; undefined where that is as in the midst of a run. */
  readonly before?: { readonly exit: number; readonly state: RegExp }
  /** The server itself lets nobody in until there is space. */
  readonly closed?: true
  /** False where a run that has begun does not notice it. */
  readonly midway?: false
}

const FULL = /ERR_DB_DISK_FULL/

const CASES: Readonly<Record<string, Case>> = {
  PostgreSQL: {
    start: fullDiskPostgres,
    code: FULL,
    before: { exit: 5, state: /^Slot A is active\. Rotation A→B is open\./ },
  },
  'PostgreSQL without space for its log, which ends it': {
    start: fullLogPostgres,
    code: /ERR_DB_UNREACHABLE|ERR_OUTCOME_UNKNOWN/,
    closed: true,
  },
  MariaDB: {
    start: fullDiskMariadb,
    code: FULL,
    before: { exit: 1, state: /changed nothing/ },
  },
  ...(MYSQL_HERE !== undefined && {
    MySQL: {
      start: fullDiskMysql,
      code: FULL,
      before: { exit: 1, state: /changed nothing/ },
      midway: false,
    },
    'MySQL without space for its log, which lets nobody in': {
      start: fullLogMysql,
      code: /ERR_DB_UNREACHABLE|ERR_OUTCOME_UNKNOWN/,
      closed: true,
    },
  }),
}

/** Side by side, since they wait more than they work. */
describe.skipIf(reason !== undefined).concurrent('a full disk of the server', () => {
  const found = Object.entries(CASES).flatMap(([name, one]) =>
    one.before ? [[name, { ...one, before: one.before }] as const] : [],
  )
  test.each(found)('is told by a run that finds it: %s', async (_name, row) => {
    const engine = await row.start()
    await using open = await outage(engine)
    await engine.exhaust()
    const run = await open.rotateUntilTrouble()
    expect(run.codes.join(), run.shown).toMatch(row.code)
    expect(run.exit, run.shown).toBe(row.before.exit)
    expect(run.result.state).toMatch(row.before.state)
    expect(run.result.todo).toContain(ERROR_CATALOGUE.ERR_DB_DISK_FULL.hint)
    await open.expectApplicationLogsIn()
    await engine.relieve()
    await open.expectConverges()
  })

  const midway = Object.entries(CASES).filter(([, one]) => one.midway !== false)
  test.each(midway)('is told in mid-rotation: %s', async (_name, row) => {
    const engine = await row.start()
    await using open = await outage(engine, () => engine.exhaust())
    const run = await open.rotateUntilTrouble()
    expect(run.codes.join(), run.shown).toMatch(row.code)
    expect(run.exit, run.shown).toBe(5)
    expect(run.result.state).toMatch(/Rotation A→B is open/)
    expect(run.result.todo).toMatch(/Run again/)
    if (row.closed !== true) await open.expectApplicationLogsIn()
    await engine.relieve()
    await open.expectApplicationLogsIn()
    await open.expectConverges()
  })
})
