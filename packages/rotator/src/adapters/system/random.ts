import { randomBytes, randomUUID } from 'node:crypto'
import type { Random } from '../../ports/clock.ts'

/** The random source of the operating system. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  uuid: () => randomUUID(),
}
