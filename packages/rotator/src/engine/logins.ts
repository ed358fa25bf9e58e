import { isPlaceholder } from '@cuedot/client/protocol'
import type { Credential, Sensitive } from '@cuedot/client/protocol'
import type { Subject } from '../domain/action.ts'
import type { LoginFacts } from '../domain/observed.ts'
import { isRotatorError, RotatorError } from '../errors.ts'
import type { Call } from '../ports/call.ts'
import type { Clock } from '../ports/clock.ts'
import type { Database, LoginAnswer } from '../ports/database.ts'
import type { RunPolicy } from '../ports/target.ts'
import type { Documents, Logins } from '../steps/step.ts'

interface Page {
  /** A user has one password: knowing it settles the question for all others. */
  accepted?: Sensitive
  denied: Sensitive[]
  locked: boolean
  /** Every pooler has accepted this password. */
  pooled?: Sensitive
}

/** What the book of logins needs from its surroundings. */
interface LoginBookOptions {
  readonly database: Database
  readonly clock: Clock
  readonly policy: RunPolicy
  readonly stop: AbortSignal
  readonly call: () => Call
}

const PROVE_POLL_MS = 250

/**
 * Remembers which passwords the database accepts, so that a login is made only where a proof is due
 * and no wrong password is tried twice.
 */
export class LoginBook implements Logins {
  readonly #pages = new Map<Subject, Page>()
  readonly #options: LoginBookOptions

  constructor(options: LoginBookOptions) {
    this.#options = options
  }

  #page(subject: Subject): Page {
    const page = this.#pages.get(subject) ?? { denied: [], locked: false }
    this.#pages.set(subject, page)
    return page
  }

  unset(subject: Subject, password: Sensitive): void {
    this.#page(subject).denied.push(password)
  }

  forget(subject: Subject): void {
    this.#pages.delete(subject)
  }

  forgetAll(): void {
    this.#pages.clear()
  }

  accepted(subject: Subject): Sensitive | undefined {
    return this.#pages.get(subject)?.accepted
  }

  /** The admin session was opened with this password, so it needs no login of its own. */
  note(subject: Subject, password: Sensitive, denied: readonly Sensitive[]): void {
    this.#pages.set(subject, { accepted: password, denied: [...denied], locked: false })
  }

  /** Which of the document's passwords of this subject log in; asks the database where unknown. */
  async facts(subject: Subject, documents: Documents): Promise<LoginFacts> {
    const credential = documents.credential(subject)
    const staged = documents.stagedPassword(subject)
    const current = await this.#accepts(subject, credential)
    const pending =
      staged !== undefined && (await this.#accepts(subject, { ...credential, password: staged }))
    return { current, pending, locked: this.#page(subject).locked }
  }

  async #accepts(subject: Subject, credential: Credential): Promise<boolean> {
    const page = this.#page(subject)
    const { password } = credential
    if (page.locked || isPlaceholder(password)) return false
    if (page.accepted) return page.accepted.equals(password)
    if (page.denied.some((denied) => denied.equals(password))) return false
    const answer = await this.#tryAll(credential)
    if (answer === 'accepted') page.accepted = password
    if (answer === 'denied') page.denied.push(password)
    page.locked = answer === 'locked'
    return answer === 'accepted'
  }

  /** The writer decides; a replica that still refuses what the writer accepts is behind. */
  async #tryAll(credential: Credential): Promise<'accepted' | 'denied' | 'locked' | 'behind'> {
    const { database, call } = this.#options
    for (const [index, endpoint] of database.endpoints.entries()) {
      const answer = await database.login(credential, endpoint, call())
      if (answer !== 'accepted') return index === 0 ? answer : 'behind'
    }
    return 'accepted'
  }

  /** True when the credential logs in on the writer; for credentials that belong to no slot. */
  async works(credential: Credential): Promise<boolean> {
    const { database, call } = this.#options
    const [writer] = database.endpoints
    if (writer === undefined || isPlaceholder(credential.password)) return false
    return (await database.login(credential, writer, call())) === 'accepted'
  }

  async prove(subject: Subject, password: Sensitive, credential: Credential): Promise<void> {
    const proven = await this.#within(() => this.#tryAll({ ...credential, password }))
    const limitMs = this.#options.policy.proveLimitMs
    if (!proven)
      throw new RotatorError('ERR_DEADLINE', { operation: 'login with the new password', limitMs })
    this.note(subject, password, [])
  }

  async provePoolers(subject: Subject, password: Sensitive, credential: Credential): Promise<void> {
    const { database, policy, call } = this.#options
    const page = this.#page(subject)
    if (page.pooled?.equals(password)) return
    for (const pooler of database.poolers ?? []) {
      const login = { ...credential, password }
      if (!(await this.#within(() => loginThrough(database, pooler, login, call()))))
        throw new RotatorError('ERR_POOLER', {
          pooler,
          username: credential.username,
          limitMs: policy.proveLimitMs,
        })
    }
    page.pooled = password
  }

  /** Asks until the answer is `accepted`, within the policy's limit. */
  async #within(ask: () => Promise<string>): Promise<boolean> {
    const { clock, policy, stop } = this.#options
    const begun = clock.now().getTime()
    while ((await ask()) !== 'accepted') {
      if (stop.aborted || clock.now().getTime() - begun >= policy.proveLimitMs) return false
      await clock.sleep(PROVE_POLL_MS, stop)
    }
    return true
  }
}

/** A pooler that refuses may not say why, and it may come to know the password in a moment. */
async function loginThrough(
  database: Database,
  pooler: string,
  credential: Credential,
  call: Call,
): Promise<LoginAnswer | 'refused'> {
  try {
    return await database.login(credential, pooler, call)
  } catch (error) {
    if (!isRotatorError(error) || error.code !== 'ERR_DB_UNREACHABLE') throw error
    return 'refused'
  }
}
