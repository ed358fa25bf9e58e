import { randomUUID } from 'node:crypto'
import { link, readFile, readdir, stat, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { errnoOf } from '../common/atomic-write.ts'
import { parseJson } from './envelope.ts'
import { stateOf, thisProcess } from '../common/process-identity.ts'
import type { ProcessIdentity } from '../common/process-identity.ts'

/** Who holds a lock; written into its file. */
export interface Holder extends ProcessIdentity {
  /** Unique: no two holders ever have the same. */
  readonly id: string
}

/** Somebody else kept the lock until the signal aborted. */
export class LockHeld extends Error {
  override readonly name = 'LockHeld'
  /** As `pid 12 on host`; who it was at the end. */
  readonly by: string

  constructor(by: string) {
    super(`the lock is held by ${by}`)
    this.by = by
  }
}

/** How long to wait before looking at a lock again: a holder needs a few milliseconds. */
const POLL_MS = 20

/** From this age on a lock of another host is taken over: its holder needed milliseconds. */
const FOREIGN_MS = 600_000

/** A taker of a dead holder's lock can die too, and its taker: never seen, and bounded. */
const MAX_DEPTH = 3

/**
 * Runs `work` while no other process runs work under the same lock file.
 *
 * The file is made complete by a hard link, so it always names its holder. The lock of a process
 * that is dead is taken over; of one on another host, after ten minutes.
 * @throws LockHeld when `signal` aborts first; a system error where the file cannot be made
 */
export async function withLock<T>(
  path: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  return await hold(path, { signal, depth: 0 }, async () => {
    await sweep(path)
    return await work()
  })
}

/** Removes what processes left that were killed while they waited for this lock or took it over. */
async function sweep(path: string): Promise<void> {
  const folder = dirname(path)
  const names = await readdir(folder)
  for (const name of names.filter((entry) => entry.startsWith(`${basename(path)}.`))) {
    const left = join(folder, name)
    const holder = await holderOf(left)
    // Its holder, if it lives, removes it itself.
    if (holder && (await isDead(left, holder))) await unlink(left).catch(() => undefined)
  }
}

interface Waiting {
  readonly signal: AbortSignal
  readonly depth: number
}

async function hold<T>(path: string, waiting: Waiting, work: () => Promise<T>): Promise<T> {
  const holder = { ...thisProcess(), id: randomUUID() }
  await acquire(path, holder, waiting)
  try {
    return await work()
  } finally {
    await release(path, holder)
  }
}

async function acquire(path: string, holder: Holder, waiting: Waiting): Promise<void> {
  const own = `${path}.${holder.id}`
  try {
    await writeFile(own, JSON.stringify(holder), { flag: 'wx', mode: 0o600 })
    while (!(await tryOnce(own, path))) await waitOrTakeAway(path, waiting)
  } finally {
    await unlink(own).catch(() => undefined)
  }
}

/** A link is made in one step and with its content, or fails because the name is taken. */
async function tryOnce(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

async function waitOrTakeAway(path: string, waiting: Waiting): Promise<void> {
  const present = await holderOf(path)
  if (waiting.signal.aborted) throw new LockHeld(describe(present))
  if (present && (await isDead(path, present))) await takeAway(path, present, waiting)
  // An abort ends the pause early, and the next look at the signal throws.
  else await pause(POLL_MS, undefined, { signal: waiting.signal }).catch(() => undefined)
}

async function isDead(path: string, present: Holder): Promise<boolean> {
  const state = stateOf(present)
  if (state !== 'elsewhere') return state === 'dead'
  const status = await stat(path).catch(() => undefined)
  return status !== undefined && Date.now() - status.mtimeMs > FOREIGN_MS
}

/**
 * Removes a dead holder's lock, and never the lock of somebody who took over in the meantime: only
 * who holds the lock that is named after the dead holder may remove it, after another look.
 */
async function takeAway(path: string, dead: Holder, { signal, depth }: Waiting): Promise<void> {
  if (depth >= MAX_DEPTH) throw new LockHeld(describe(dead))
  await hold(`${path}.${dead.id}.dead`, { signal, depth: depth + 1 }, async () => {
    const present = await holderOf(path)
    if (present?.id === dead.id) await unlink(path)
  })
}

async function release(path: string, holder: Holder): Promise<void> {
  const present = await holderOf(path)
  // Somebody on another host may have waited ten minutes and taken it.
  if (present?.id === holder.id) await unlink(path)
}

async function holderOf(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const parsed = parseJson(text)
  const fields: Readonly<Record<string, unknown>> = { ...(isObject(parsed) && parsed) }
  const { host, pid, started, id } = fields
  return {
    host: typeof host === 'string' ? host : 'an unknown host',
    pid: typeof pid === 'number' ? pid : 0,
    started: typeof started === 'string' ? started : '',
    id: typeof id === 'string' ? id : 'unknown',
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function describe(holder: Holder | undefined): string {
  return holder ? `process ${holder.pid} on ${holder.host}` : 'somebody who just left'
}
