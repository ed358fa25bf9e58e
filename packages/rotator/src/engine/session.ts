import type { Credential, Sensitive } from '@cuedot/client/protocol'
import type { Call } from '../ports/call.ts'
import type { Clock } from '../ports/clock.ts'
import type { AdminSession, LockState } from '../ports/database.ts'
import type { Target } from '../ports/target.ts'
import { openAdmin } from './admin.ts'

/** The target's lock is somebody else's: this run must not act. */
export class TargetLocked extends Error {
  /** The holder, as far as the server names it. */
  readonly by: string

  constructor(by: string) {
    super(`the target is locked by ${by}`)
    this.by = by
  }
}

/** No version of the admin secret logs in. */
export class AdminLost extends Error {
  readonly code: 'ADMIN_LOST' | 'MANAGED_DENIED'

  constructor(strategy: Target['strategy']) {
    super('no version of the admin secret logs in')
    this.code = lostCode(strategy)
  }
}

/** The refusal that it is: what to do differs where an owner sets the password. */
export function lostCode(strategy: Target['strategy']): AdminLost['code'] {
  return strategy === 'managed' ? 'MANAGED_DENIED' : 'ADMIN_LOST'
}

const REOPEN_TRIES = 20
const REOPEN_POLL_MS = 250

interface SessionOptions {
  readonly clock: Clock
  readonly target: Target
  readonly holder: string
  /** `look` for commands that change nothing. */
  readonly lock: 'take' | 'look'
  readonly call: () => Call
  /** Tried first, and only the first time that a session is opened. */
  readonly known: Credential | undefined
  /** Told which login opened the session and which passwords were refused. */
  readonly opened: (credential: Credential, denied: readonly Sensitive[]) => void
}

/** The one admin session of a run: opened when first needed, thrown away when in doubt. */
export class SessionHolder {
  readonly #options: SessionOptions
  #known: Credential | undefined
  #session: AdminSession | undefined
  /** True once this run has given a session up. */
  #given = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#known = options.known
  }

  async get(): Promise<AdminSession> {
    this.#session ??= await this.#open()
    return this.#session
  }

  /**
   * A session that was given up may still be dying at the server, and holds the lock until then.
   */
  async #open(): Promise<AdminSession> {
    for (let tries = this.#given ? REOPEN_TRIES : 1; ; tries--) {
      try {
        return await this.#openOnce()
      } catch (error) {
        // A failed attempt may have left a session at the server, too.
        this.#given ||= !(error instanceof TargetLocked)
        if (!(error instanceof TargetLocked) || tries <= 1) throw error
        await this.#options.clock.sleep(REOPEN_POLL_MS)
      }
    }
  }

  async #openOnce(): Promise<AdminSession> {
    const { target, holder, lock, call, opened } = this.#options
    const known = this.#known
    this.#known = undefined
    const found = await openAdmin({
      store: target.admin,
      database: target.database,
      options: { target: target.name, lock, holder },
      ...{ call, known },
    })
    if (found === undefined) throw new AdminLost(target.strategy)
    const { session, credential, denied } = found
    if (lock === 'take' && session.lock.kind !== 'own') {
      await session[Symbol.asyncDispose]()
      throw new TargetLocked(session.lock.kind === 'held' ? session.lock.by : 'nobody we can see')
    }
    opened(credential, denied)
    return session
  }

  /** Who holds the target's lock; undefined before the session is open. */
  get lock(): LockState | undefined {
    return this.#session?.lock
  }

  /** Gives the session up, and with it the lock. The next `get` opens another. */
  async drop(): Promise<void> {
    const session = this.#session
    if (session) this.#given = true
    this.#session = undefined
    await session?.[Symbol.asyncDispose]()
  }
}
