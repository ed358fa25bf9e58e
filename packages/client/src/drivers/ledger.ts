import type { Then } from '../pool/driver.ts'

/** Who has a connection of one pool, and who was promised one. */
export class Ledger<C> {
  readonly #inUse = new Set<C>()
  #promised = 0
  readonly #freed: (() => void)[] = []

  get busy(): number {
    return this.#inUse.size + this.#promised
  }

  get inUse(): readonly C[] {
    return [...this.#inUse]
  }

  /** @returns what is to be called with the driver's answer */
  promise(then: Then<C>): Then<C> {
    this.#promised += 1
    return (error, connection) => {
      this.#promised -= 1
      if (connection !== undefined) this.#inUse.add(connection)
      then(error, connection)
      if (connection === undefined) this.tellFreed()
    }
  }

  handedBack(connection: C): void {
    if (this.#inUse.delete(connection)) this.tellFreed()
  }

  onFreed(then: () => void): void {
    this.#freed.push(then)
  }

  tellFreed(): void {
    for (const then of this.#freed) then()
  }
}
