/** Names of events and what each tells. */
type Telling<Events> = { readonly [E in keyof Events]: readonly unknown[] }

/** What is called when an event happens. */
export type Listener<Told extends readonly unknown[]> = (...told: Told) => void

/** Who listens to which event. A listener is called once, however often it was added. */
export class Listeners<Events extends Telling<Events>> {
  readonly #sets: { readonly [E in keyof Events]: Set<Listener<Events[E]>> }

  /** @param sets - an empty set for each event */
  constructor(sets: { readonly [E in keyof Events]: Set<Listener<Events[E]>> }) {
    this.#sets = sets
  }

  add<E extends keyof Events>(event: E, listener: Listener<Events[E]>): void {
    this.#sets[event].add(listener)
  }

  remove<E extends keyof Events>(event: E, listener: Listener<Events[E]>): void {
    this.#sets[event].delete(listener)
  }

  /** What a listener throws is an uncaught exception of its own: nobody else misses the event. */
  tell<E extends keyof Events>(event: E, ...told: Events[E]): void {
    for (const listener of this.#sets[event])
      try {
        listener(...told)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
  }
}
