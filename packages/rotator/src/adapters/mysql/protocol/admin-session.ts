import type { Sensitive } from '@cuedot/client/protocol'
import type { Call } from '../../../ports/call.ts'
import type { AdminSession, LockState, Session, UserComparison } from '../../../ports/database.ts'
import type { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'
import { releaseLock } from './lock.ts'
import { readSessions } from './sessions.ts'

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

/** An admin session: a login on the writer and, in need, on each reader. */
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
    await dialect.setPassword(writer, { user: username, password }, call)
  }

  async compareUsers(reference: string, username: string, call: Call): Promise<UserComparison> {
    const { dialect, writer } = this.#parts
    return await dialect.compareUsers(writer, { reference, user: username }, call)
  }

  async provision(reference: string, username: string, call: Call): Promise<void> {
    const { dialect, writer } = this.#parts
    await dialect.provisionUser(writer, { reference, user: username }, call)
  }

  async sessions(usernames: readonly string[], call: Call): Promise<readonly Session[]> {
    this.#readers ??= await this.#parts.openReaders(call)
    return await readSessions([this.#parts.writer, ...this.#readers], usernames, call)
  }

  async quarantine(username: string, on: boolean, call: Call): Promise<void> {
    const { dialect, writer } = this.#parts
    await dialect.setLocked(writer, { user: username, locked: on }, call)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { writer, target } = this.#parts
    for (const reader of this.#readers ?? []) reader.destroy()
    if (this.lock.kind === 'own')
      // A lock that cannot be given up goes with the connection.
      await releaseLock(writer, target, { signal: AbortSignal.timeout(1000) }).catch(() => {})
    await writer.close()
  }
}
