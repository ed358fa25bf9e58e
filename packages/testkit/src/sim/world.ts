import { Checker } from './checker.ts'
import { Fleet } from './fleet.ts'
import { USERNAMES } from './names.ts'
import type { Held, SlotName, Surroundings, WorldOptions } from './names.ts'
import { SimStore } from './store.ts'

/** A database user: what the writer accepts, and since when. */
export interface SimUser {
  /** Empty until somebody sets one. */
  password: string
  /** Accepted besides, by the one user of a dual-password target. */
  second: string | undefined
  /** What a replica still accepts until `replicaAt`. */
  replicaPasswords: readonly string[]
  replicaAt: number
  locked: boolean
  /** In virtual milliseconds. */
  expiresAt?: number | undefined
  /** False until somebody has granted it what the other slot has. */
  equal: boolean
}

/** The moment a fault strikes kills the process; only the world goes on. */
export class SimCrash extends Error {}

/**
 * Everything outside of a rotator, in memory, under a virtual clock: the store, a database with a
 * writer and a replica, two config targets, an application of three instances, and stragglers.
 * Nothing happens but when time passes or a port is called, so a run can be repeated exactly.
 */
export class World implements Surroundings {
  /** Virtual, in milliseconds since 1970. */
  now: number
  readonly options: WorldOptions
  readonly users: Map<string, SimUser> = new Map()
  readonly store: SimStore
  readonly adminStore: SimStore
  readonly configs: Map<string, Held> = new Map()
  readonly fleet: Fleet
  readonly checker: Checker
  /** The session that holds the target's lock. */
  lockHolder: object | undefined
  /** A session whose client failed while connecting, and when the server notices. */
  orphan: { readonly holder: object; readonly until: number } | undefined
  /** Counts the processes that have worked on it. */
  processes = 0
  /** Counts what has changed, so that a check is made only when one is due. */
  changes = 0
  /** Password material, so that every fresh one differs. */
  draws = 0

  constructor(options: WorldOptions = {}) {
    this.options = options
    this.now = options.beginsAt ?? 1_000_000
    this.store = new SimStore(this, firstDocument(options))
    this.adminStore = new SimStore(this, adminDocument('c0-password'))
    this.addUser(USERNAMES.admin, 'c0-password')
    if (!options.initial) this.addSlots()
    const held = options.initial
      ? ON_INITIAL
      : { username: this.username('A'), password: 'a0-password' }
    for (const id of ['web.env', 'job.json'])
      this.configs.set(id, options.dualPassword ? { ...held, version: 'a0' } : held)
    this.fleet = new Fleet(this, this.configs)
    this.checker = new Checker(this)
  }

  username(slot: SlotName): string {
    return this.options.dualPassword ? USERNAMES.both : USERNAMES[slot]
  }

  /** The users of the slots, with the passwords that the first document of most worlds has. */
  addSlots(): void {
    this.addUser(this.username('A'), 'a0-password')
    if (!this.options.dualPassword) this.addUser(USERNAMES.B, 'b0-password')
  }

  setConfig(id: string, held: Held): void {
    this.configs.set(id, held)
    this.changes += 1
  }

  addUser(username: string, password: string): void {
    this.changes += 1
    this.users.set(username, {
      password,
      second: undefined,
      replicaPasswords: [password],
      replicaAt: 0,
      locked: false,
      equal: true,
    })
  }

  /** Lets virtual time pass; the application acts at its own pace meanwhile. */
  advance(ms: number): void {
    this.fleet.actUntil(this.now + ms)
    this.now += ms
    if (this.orphan && this.now >= this.orphan.until) {
      if (this.lockHolder === this.orphan.holder) this.lockHolder = undefined
      this.orphan = undefined
    }
    this.checker.check('as time passes')
  }

  accepts(held: Held, endpoint: 'writer' | 'replica' = 'writer'): boolean {
    const user = this.users.get(held.username)
    if (user === undefined || user.locked || this.now >= (user.expiresAt ?? Infinity)) return false
    const behind = endpoint === 'replica' && this.now < user.replicaAt
    return (behind ? user.replicaPasswords : passwordsOf(user)).includes(held.password)
  }

  setPassword(username: string, password: string): void {
    this.setPasswords(username, password, undefined).locked = false
  }

  setPasswords(username: string, password: string, second: string | undefined): SimUser {
    const user = this.users.get(username)
    if (user === undefined) throw new Error(`no user ${username}`)
    this.changes += 1
    if (this.now >= user.replicaAt) user.replicaPasswords = passwordsOf(user)
    user.replicaAt = this.now + (this.options.replicaLagMs ?? 0)
    user.password = password
    user.second = second
    return user
  }
}

/** What the writer accepts for this user. */
export function passwordsOf({ password, second }: SimUser): readonly string[] {
  return second === undefined ? [password] : [password, second]
}

/** What a config target of an initial user holds: it names the server in its own way. */
export const ON_INITIAL: Held = {
  username: USERNAMES.admin,
  password: 'c0-password',
  host: 'alias.example',
}

function firstDocument({ dualPassword, initial }: WorldOptions): string {
  if (initial) return slotDocument('placeholder', 'placeholder')
  return dualPassword ? dualDocument('a0-password') : slotDocument('a0-password', 'b0-password')
}

/** The dual-password document that a world starts with. */
export function dualDocument(password: string, more: object = {}): string {
  const user = { username: USERNAMES.both, password, host: 'db.example', port: 5432, dbname: 'app' }
  return JSON.stringify({ ...user, password_version: 'a0', owner: 'team', ...more })
}

/** The slot document that a world starts with. */
export function slotDocument(a: string, b: string, active: SlotName = 'A'): string {
  const slot = (username: string, password: string): object => ({
    username,
    password,
    host: 'db.example',
    port: '5432',
    dbname: 'app',
  })
  const slots = { A: slot(USERNAMES.A, a), B: slot(USERNAMES.B, b) }
  return JSON.stringify({ active_slot: active, ...slots, owner: 'team' })
}

/** The admin's document that a world starts with. */
export function adminDocument(password: string): string {
  return JSON.stringify({ username: USERNAMES.admin, password, host: 'db.example', port: 5432 })
}
