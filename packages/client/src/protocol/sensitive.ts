/**
 * A value that must not appear in anything a person or a machine reads by accident.
 *
 * Template strings, `JSON.stringify`, `util.inspect` and `structuredClone` all show the label
 * instead of the value. {@link Sensitive.reveal} is the only way out, so a reader can find every
 * place where a secret is used by searching for one word.
 *
 * @example
 * const password = new Sensitive('s3cret', 'password of slot B')
 * String(password) // "[password of slot B]"
 */
export class Sensitive<T = string> {
  readonly #value: T
  /** What the value is, in words that may be shown. Never derived from the value. */
  readonly label: string

  constructor(value: T, label: string) {
    this.#value = value
    this.label = label
  }

  /** The value itself. Call it inside adapters and drivers only. */
  reveal(): T {
    return this.#value
  }

  /** True when both hold the same value; nothing is shown. */
  equals(other: Sensitive<T> | undefined): boolean {
    return other !== undefined && this.#value === other.#value
  }

  toString(): string {
    return `[${this.label}]`
  }

  toJSON(): string {
    return this.toString()
  }
}

// Declared outside of the class: a computed method name cannot stand in a declaration file.
Object.defineProperty(Sensitive.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Sensitive<unknown>): string {
    return this.toString()
  },
})
