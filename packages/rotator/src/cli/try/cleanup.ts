/** What has to be ended, in the opposite order of how it was begun. */
export class Cleanup {
  readonly #works: (() => Promise<void>)[] = []

  add(work: () => Promise<void>): void {
    this.#works.push(work)
  }

  /** Ends everything, also when one thing cannot be ended; returns what went wrong. */
  async run(): Promise<readonly unknown[]> {
    const errors: unknown[] = []
    for (const work of this.#works.toReversed()) {
      try {
        await work()
      } catch (error) {
        errors.push(error)
      }
    }
    this.#works.length = 0
    return errors
  }
}
