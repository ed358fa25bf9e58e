import type { Sensitive } from '@cuedot/client/protocol'

/** Shorter values would be found in ordinary words and are no secrets worth the name. */
const SHORTEST_SECRET = 6

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
    this.#forms.add(Buffer.from(value).toString('base64'))
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

  /** Scrubs an error and all its causes in place. */
  scrubError(error: unknown): void {
    let link = error
    for (let depth = 0; depth < 20 && link instanceof Error; depth++) {
      link.message = this.scrub(link.message)
      if (link.stack !== undefined) link.stack = this.scrub(link.stack)
      link = link.cause
    }
  }
}
