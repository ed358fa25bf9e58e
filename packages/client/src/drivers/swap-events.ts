import type { SwapTrouble } from '../pool/rotating-pool.ts'
import type { Drained, Swap } from '../pool/succession.ts'

/** What a pool tells of its credential, beside what the pool of the driver tells. */
export interface SwapEvents {
  on(event: 'swap', listener: (swap: Swap) => void): this
  on(event: 'trouble', listener: (trouble: SwapTrouble) => void): this
  on(event: 'drained', listener: (drained: Drained) => void): this
  once(event: 'swap', listener: (swap: Swap) => void): this
  once(event: 'trouble', listener: (trouble: SwapTrouble) => void): this
  once(event: 'drained', listener: (drained: Drained) => void): this
  off(event: 'swap', listener: (swap: Swap) => void): this
  off(event: 'trouble', listener: (trouble: SwapTrouble) => void): this
  off(event: 'drained', listener: (drained: Drained) => void): this
}
