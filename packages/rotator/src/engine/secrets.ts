import type { Sensitive } from '@cuedot/client/protocol'

/** Shorter values would be found in ordinary words and are no secrets worth the name. */
const SHORTEST_SECRET = 6

/** An error may be of any size, and this is a search on the way out. */
const MOST_OBJECTS = 1000

/**
 * Every secret that this process has seen, to be searched for in whatever leaves it. The last wall:
 * nothing should ever be found.
 */
export class KnownSecrets {
  readonly #forms = new Set<string>()

  add(secret: Sensitive): void {
    const value = secret.reveal()
    if (value.length < SHORTEST_SECRET) return
    this.#forms.add(value)
    this.#forms.add(JSON.stringify(value).slice(1, -1))
    this.#forms.add(encodeURIComponent(value))
    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      this.#forms.add(Buffer.from(value).toString(encoding))
    this.#forms.add(Buffer.from(value).toString('hex').toUpperCase())
  }

  /** The text with every known secret, in any of its usual spellings, replaced. */
  scrub(text: string): string {
    let clean = text
    for (const form of this.#forms) {
      if (clean.includes(form)) clean = clean.replaceAll(form, '[secret]')
    }
    return clean
  }

  /** The same object with every text in it scrubbed: what a runtime says may quote anything. */
  scrubFields<T extends object>(fields: T): T {
    const clean: Record<string, string> = {}
    for (const [key, value] of Object.entries(fields) as Iterable<[string, unknown]>) {
      if (typeof value === 'string') clean[key] = this.scrub(value)
    }
    return { ...fields, ...clean }
  }

  /**
   * Scrubs an error in place: message, stack, every other text in it, its causes and the errors
   * that it gathers. What cannot be written to stays as it is, and so does a driver's connection.
   */
  scrubError(error: unknown): void {
    this.#scrubDeep(error, new Set())
  }

  #scrubDeep(value: unknown, seen: Set<object>): void {
    if (!isData(value) || seen.has(value) || seen.size > MOST_OBJECTS) return
    seen.add(value)
    for (const name of Reflect.ownKeys(value)) {
      const held = Object.getOwnPropertyDescriptor(value, name)
      // Asking a getter could run anything; the stack is one, and it is harmless.
      if (held === undefined || (held.get !== undefined && name !== 'stack')) continue
      const text: unknown = Reflect.get(value, name)
      if (typeof text !== 'string') this.#scrubDeep(text, seen)
      else if (text !== this.scrub(text)) Reflect.set(value, name, this.scrub(text))
    }
  }
}

/** Errors, arrays and plain objects. Anything else may be at work and is not to be changed. */
function isData(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  if (value instanceof Error || Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
