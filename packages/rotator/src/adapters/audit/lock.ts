import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errnoOf } from '../common/atomic-write.ts'
import { stateOf, thisProcess } from '../common/process-identity.ts'
import type { ProcessIdentity } from '../common/process-identity.ts'

interface Holder extends ProcessIdentity {
  readonly id: string
}

/** Somebody else has the lock for longer than the limit. */
export class AuditLockHeld extends Error {
  override readonly name = 'AuditLockHeld'
}

const POLL_MS = 5

/** From this age on a lock of another host is taken over: its holder needed milliseconds. */
const FOREIGN_MS = 600_000

/** A taker of a dead holder's lock can die too, and its taker. */
const MAX_DEPTH = 3

interface Limits {
  /** `performance.now()` after which nobody is waited for. */
  readonly until: number
  readonly depth: number
}

/**
 * Runs `work` while no other process runs work under the same lock file. Blocks this process: an
 * event is on disk before what it announces begins.
 *
 * The file is made complete by a hard link, so it always names its holder. A dead process's lock
 * is taken over; one of another host or container after ten minutes.
 * @throws AuditLockHeld after `limitMs`; a system error where the file cannot be made
 */
export function whileLocked<T>(path: string, limitMs: number, work: () => T): T {
  return hold(path, { until: performance.now() + limitMs, depth: 0 }, work)
}

/** Removes what processes left that were killed while they waited for the lock. */
export function sweepLock(path: string): void {
  const folder = dirname(path)
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(path)}.`)) continue
    const left = join(folder, name)
    const holder = holderOf(left)
    if (holder && isDead(left, holder)) remove(left)
  }
}

function hold<T>(path: string, limits: Limits, work: () => T): T {
  const holder = { ...thisProcess(), id: randomUUID() }
  acquire(path, holder, limits)
  try {
    return work()
  } finally {
    // Somebody on another host may have waited ten minutes and taken it.
    if (holderOf(path)?.id === holder.id) unlinkSync(path)
  }
}

function acquire(path: string, holder: Holder, limits: Limits): void {
  const own = `${path}.${holder.id}`
  try {
    writeFileSync(own, JSON.stringify(holder), { flag: 'wx', mode: 0o600 })
    while (!linked(own, path)) waitOrTakeAway(path, limits)
  } finally {
    remove(own)
  }
}

function linked(own: string, path: string): boolean {
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

function waitOrTakeAway(path: string, limits: Limits): void {
  const present = holderOf(path)
  if (present && isDead(path, present)) return takeAway(path, present, limits)
  const who = present ? `process ${present.pid} on ${present.host}` : 'somebody who just left'
  if (performance.now() > limits.until) throw new AuditLockHeld(`the lock is held by ${who}`)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
}

function isDead(path: string, present: Holder): boolean {
  const state = stateOf(present)
  if (state !== 'elsewhere') return state === 'dead'
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  return age > FOREIGN_MS
}

/**
 * Only who holds the lock that is named after the dead holder may remove its lock, after another
 * look: never the lock of somebody who took over in the meantime.
 */
function takeAway(path: string, dead: Holder, { until, depth }: Limits): void {
  if (depth >= MAX_DEPTH) throw new AuditLockHeld('the lock was left by several dead processes')
  hold(`${path}.${dead.id}.dead`, { until, depth: depth + 1 }, () => {
    if (holderOf(path)?.id === dead.id) unlinkSync(path)
  })
}

function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It is gone, or another process's: the next sweep looks again.
  }
}

/** What does not say who made it counts as made by a host that is not seen: it ages out. */
function holderOf(path: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    const fields: Readonly<Record<string, unknown>> = { ...(isObject(value) && value) }
    const text = (key: string): string => (typeof fields[key] === 'string' ? fields[key] : '')
    const { pid } = fields
    const number = typeof pid === 'number' ? pid : 0
    return { host: text('host'), pid: number, started: text('started'), id: text('id') }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    if (error instanceof SyntaxError) return { host: '', pid: 0, started: '', id: 'unknown' }
    throw error
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
