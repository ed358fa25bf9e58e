import { setTimeout as pause } from 'node:timers/promises'
import { mountSmallDisk } from '../crash/small-disk.ts'
import type { SmallDisk } from '../crash/small-disk.ts'
import type { RigEngine, RootSession } from './engine.ts'
import { ask } from './loud.ts'
import { mariadbRig } from './mariadb.ts'
import { mysqlRig } from './mysql.ts'
import { postgresRig } from './postgres.ts'

/** A server whose data has a disk of its own that can be filled. */
export interface FullDiskRig extends RigEngine {
  /** Until {@link relieve}, a change of a user needs space that there is none of. */
  exhaust(): Promise<void>
  /** Gives the space back, and starts the server again where it needs that. */
  relieve(): Promise<void>
}

/** PostgreSQL, which answers a statement that needs space with 53100. */
export function fullDiskPostgres(): Promise<FullDiskRig> {
  let snapshot: RootSession | undefined
  return onSmallDisk(128, (mount) => postgresRig({ mount }), {
    // What an old snapshot may still see is not overwritten, so that new rows need new pages.
    async useUp(engine) {
      snapshot = await engine.root()
      await snapshot.ask('BEGIN ISOLATION LEVEL REPEATABLE READ')
      await snapshot.ask('SELECT 1')
      await using root = await engine.root()
      await root.ask('CREATE ROLE filler').catch(() => undefined)
      await untilFails((n) => root.ask(`ALTER ROLE filler CONNECTION LIMIT ${n}`))
    },
    relieved: async () => await snapshot?.[Symbol.asyncDispose](),
  })
}

/** PostgreSQL, which ends when it cannot write its log. */
export function fullLogPostgres(): Promise<FullDiskRig> {
  return onSmallDisk(128, (mount) => postgresRig({ mount }), {
    async useUp(engine) {
      const root = await engine.root()
      await untilFails(() =>
        root.ask("SELECT pg_switch_wal(), pg_logical_emit_message(false, '', '')"),
      )
    },
    relieved: (engine) => engine.restart(),
  })
}

/** MySQL, which refuses what needs a temporary table: it has no place for one. */
export function fullDiskMysql(): Promise<FullDiskRig> {
  return onSmallDisk(180, (mount) => mysqlRig({ mount }), {
    useUp: async () => undefined,
    relieved: async () => undefined,
  })
}

/**
 * MySQL with its binary log on that disk: a change of a user waits for space, and meanwhile nobody
 * can log in.
 */
export function fullLogMysql(): Promise<FullDiskRig> {
  const more = ['--log-bin=binlog']
  return onSmallDisk(180, (mount) => mysqlRig({ mount, more }), ALTER_WAITS)
}

/**
 * MariaDB, which lets a statement that needs space wait, and with it all that it has locked. It
 * looks for space once a minute, so whoever gives it some restarts it.
 * Source: what it writes to its error log ("Waiting for someone to free space").
 */
export function fullDiskMariadb(): Promise<FullDiskRig> {
  return onSmallDisk(60, (mount) => mariadbRig({ mount }), ALTER_WAITS)
}

/** Changes of a user until one waits. Whether that is done in the end is not known. */
const ALTER_WAITS: Filling = {
  async useUp(engine) {
    const root = await engine.root()
    const change = (n: number): Promise<unknown> =>
      root.ask(`ALTER USER ${FILLER} WITH MAX_QUERIES_PER_HOUR ${n % 2}`)
    const waits = (): Promise<never> =>
      pause(WAITS_MS).then(() => Promise.reject(new Error('it waits')))
    await untilFails((n) => Promise.race([change(n), waits()]))
  },
  relieved: (engine) => engine.restart(),
}

/** An account that nobody uses. */
const FILLER = "'filler'@'%'"

/** A statement takes milliseconds. */
const WAITS_MS = 1500

/** More than fits into what a server has in reserve. */
const MOST = 5000

async function untilFails(change: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = 0; n < MOST; n++) {
    const failed = await change(n).then(
      () => false,
      () => true,
    )
    if (failed) return
  }
  throw new Error('the server still has space')
}

/** How a server is brought to need space, and what it needs when there is some again. */
interface Filling {
  useUp(engine: RigEngine): Promise<void>
  relieved(engine: RigEngine): Promise<void>
}

async function onSmallDisk(
  mib: number,
  start: (mount: (folder: string) => Promise<SmallDisk>) => Promise<RigEngine>,
  { useUp, relieved }: Filling,
): Promise<FullDiskRig> {
  const disks: SmallDisk[] = []
  const engine = await start(async (folder) => {
    const disk = await mountSmallDisk(folder, mib * 1024)
    disks.push(disk)
    return disk
  })
  return {
    ...engine,
    async exhaust() {
      if (engine.engine !== 'postgres') await ask(engine, `CREATE USER IF NOT EXISTS ${FILLER}`)
      for (const disk of disks) await disk.fill()
      await useUp(engine)
    },
    async relieve() {
      for (const disk of disks) await disk.free()
      await relieved(engine)
    },
  }
}
