import type { Sensitive } from '@cuedot/client/protocol'
import type { Call } from '../../../ports/call.ts'
import type {
  AdminSession,
  LockState,
  Reference,
  SecondPassword,
  Session,
  UserComparison,
  UserPasswords,
} from '../../../ports/database.ts'
import { RotatorError } from '../../../errors.ts'
import type { OwnershipPhase } from '../../../domain/adoption.ts'
import type { Ownership, OwnershipWish } from '../../../ports/ownership.ts'
import type { Connection } from './connection.ts'
import { countLogins } from './counters.ts'
import type { Dialect } from './dialect.ts'
import { releaseLock } from './lock.ts'
import { endSessions, readOpenLogins, readSessions } from './sessions.ts'
import { assertWriter } from './writer.ts'

/** What an admin session is made of. */
export interface SessionParts {
  /** The login on the writer, which holds the lock. */
  readonly writer: Connection
  readonly lock: LockState
  readonly target: string
  readonly dialect: Dialect
  /** Opens a login on each further endpoint; called when sessions are first asked for. */
  readonly openReaders: (call: Call) => Promise<readonly Connection[]>
}

/**
 * An admin session: a login on the writer and, in need, on each reader. Before each change the
 * writer is asked whether it still is one: it may have been demoted since the session began.
 */
export class ProtocolAdminSession implements AdminSession {
  readonly lock: LockState
  readonly #parts: SessionParts
  #readers: readonly Connection[] | undefined

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.lock = parts.lock
  }

  async setPassword(username: string, password: Sensitive, call: Call): Promise<void> {
    const { dialect, writer } = this.#parts
    await assertWriter(writer, call)
    await dialect.setPassword(writer, { user: username, password }, call)
  }

  async setPasswords(username: string, passwords: UserPasswords, call: Call): Promise<void> {
    const { dialect, writer } = this.#parts
    await assertWriter(writer, call)
    await dialect.setPasswords(writer, { user: username, passwords }, call)
  }

  async hasSecondPassword(username: string, call: Call): Promise<SecondPassword> {
    const { dialect } = this.#parts
    const connections = await this.#connections(call)
    const answers: boolean[] = []
    for (const connection of connections)
      answers.push(await dialect.hasSecondPassword(connection, username, call))
    if (answers.every(Boolean)) return 'everywhere'
    return answers.some(Boolean) ? 'somewhere' : 'nowhere'
  }

  async compareUsers(reference: Reference, username: string, call: Call): Promise<UserComparison> {
    const { dialect, writer } = this.#parts
    return await dialect.compareUsers(writer, { reference, user: username }, call)
  }

  async provision(reference: Reference, username: string, call: Call): Promise<void> {
    const { dialect, writer } = this.#parts
    await assertWriter(writer, call)
    await dialect.provisionUser(writer, { reference, user: username }, call)
  }

  /**
   * Making a user like another leaves alone what it has already. A host pattern too many cannot be
   * granted away.
   */
  async grantMissing(reference: Reference, username: string, call: Call): Promise<void> {
    await this.provision(reference, username, call)
    const { state, lacks } = await this.compareUsers(reference, username, call)
    if (state === 'equal') return
    const { endpoint } = this.#parts.writer
    const wanted = typeof reference === 'string' ? `"${reference}"` : 'what is configured'
    const problem = `"${username}" still differs from ${wanted}: ${lacks.join('; ')}`
    throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint, problem })
  }

  /** A password may expire here, but the account with its sessions' logins only day by day. */
  async expire(_username: string, at: Date | undefined): Promise<void> {
    if (at === undefined) return
    const problem = 'accounts of this server do not expire at a moment'
    throw new RotatorError('ERR_DB_UNSUPPORTED', {
      endpoint: this.#parts.writer.endpoint,
      problem,
    })
  }

  async expiry(): Promise<Date | undefined> {
    return undefined
  }

  async sessions(usernames: readonly string[], call: Call): Promise<readonly Session[]> {
    return await readSessions(await this.#connections(call), usernames, call)
  }

  async openLogins(call: Call): Promise<readonly string[]> {
    return await readOpenLogins(await this.#connections(call), call)
  }

  async endSessions(sessions: readonly Session[], call: Call): Promise<void> {
    await endSessions(await this.#connections(call), sessions, call)
  }

  async loginCount(username: string, call: Call): Promise<number | undefined> {
    return await countLogins(await this.#connections(call), username, call)
  }

  async blocksAfterRefusals(username: string, call: Call): Promise<boolean> {
    const { dialect, writer } = this.#parts
    return await dialect.blocksAfterRefusals(writer, username, call)
  }

  async lockedLogins(call: Call): Promise<number | undefined> {
    return await this.#parts.dialect.lockedLogins(await this.#connections(call), call)
  }

  /** One to every endpoint, the writer first. */
  async #connections(call: Call): Promise<readonly Connection[]> {
    this.#readers ??= await this.#parts.openReaders(call)
    return [this.#parts.writer, ...this.#readers]
  }

  async quarantine(username: string, on: boolean, call: Call): Promise<void> {
    const { dialect, writer } = this.#parts
    await assertWriter(writer, call)
    await dialect.setLocked(writer, { user: username, locked: on }, call)
  }

  /** A user owns no objects here: what it has created belongs to the database it is in. */
  async describeOwnership(_wish: OwnershipWish, _call: Call): Promise<Ownership> {
    return { owner: '', changes: [], problems: [] }
  }

  async moveOwnership(_wish: OwnershipWish, _phase: OwnershipPhase, _call: Call): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    const { writer, target } = this.#parts
    for (const reader of this.#readers ?? []) reader.destroy()
    if (this.lock.kind === 'own')
      // A lock that cannot be given up goes with the connection.
      await releaseLock(writer, target, { signal: AbortSignal.timeout(1000) }).catch(() => {})
    await writer.close()
  }
}
