/**
 * Where several connections log in at once, one goes ahead: the others follow when it was accepted,
 * and share its refusal without a login of their own. So a pool of any size fails one login where a
 * password has ceased to work, and not as many as it has connections: servers lock accounts.
 */
export class LoginGate {
  readonly #isRefusal: (error: unknown) => boolean
  readonly #onShut: (refusal: unknown) => void
  #ahead: Promise<void> | undefined
  #refusal: { readonly error: unknown } | undefined

  /** @param onShut - called once, with the first refusal */
  constructor(isRefusal: (error: unknown) => boolean, onShut: (refusal: unknown) => void) {
    this.#isRefusal = isRefusal
    this.#onShut = onShut
  }

  /** A login was refused: nobody logs in any more. */
  get isShut(): boolean {
    return this.#refusal !== undefined
  }

  /** @throws what `login` rejects with; the refusal of another login */
  async pass<T>(login: () => Promise<T>): Promise<T> {
    if (this.#ahead === undefined) return await this.#goAhead(login)
    await this.#ahead
    return await this.#try(login)
  }

  /** @returns true for a refusal, of a login that need not have passed here */
  judge(error: unknown): boolean {
    if (!this.#isRefusal(error)) return false
    if (this.#refusal === undefined) {
      this.#refusal = { error }
      this.#onShut(error)
    }
    return true
  }

  async #goAhead<T>(login: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ahead = promise
    try {
      return await this.#try(login)
    } finally {
      this.#ahead = undefined
      resolve()
    }
  }

  async #try<T>(login: () => Promise<T>): Promise<T> {
    if (this.#refusal) throw this.#refusal.error
    try {
      return await login()
    } catch (error) {
      this.judge(error)
      throw error
    }
  }
}
