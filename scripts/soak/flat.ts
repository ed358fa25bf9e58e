/** One look at the process and the server, between two rotations. */
export interface Look {
  /** Rotations done so far. */
  readonly after: number
  /** Bytes in use after a collection of garbage, and bytes that the process holds. */
  readonly heap: number
  readonly rss: number
  /** What keeps the event loop busy: sockets, timers, child processes. */
  readonly handles: number
  /** Open file descriptors. */
  readonly files: number
  /** At the server: sessions, prepared statements, locks and accounts. */
  readonly sessions: number
  readonly prepared: number
  readonly locks: number
  readonly accounts: number
}

/** What is counted; heap and rss are bytes. */
export type Quantity = Exclude<keyof Look, 'after'>

/** Growth that is no leak: what a collector and an allocator do by themselves. Per rotation. */
export const TOLERANCE: Readonly<Partial<Record<Quantity, number>>> = {
  heap: 1024,
  handles: 0,
  files: 0,
  sessions: 0,
  prepared: 0,
  locks: 0,
  accounts: 0,
}

/** Over fewer rotations the bytes tell what the collector does and not what leaks. */
const ROTATIONS_FOR_BYTES = 50

/** The second half: by then everything is loaded, compiled and cached. */
export function secondHalf(looks: readonly Look[]): readonly Look[] {
  return looks.slice(looks.length >> 1)
}

/** Growth per rotation: the slope of the line with the least squares. 0 of fewer than two looks. */
export function slopeOf(looks: readonly Look[], quantity: Quantity): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  const middle = mean(looks.map(({ after }) => after))
  const level = mean(looks.map((look) => look[quantity]))
  const spread = looks.reduce((sum, { after }) => sum + (after - middle) ** 2, 0)
  const together = looks.reduce(
    (sum, look) => sum + (look.after - middle) * (look[quantity] - level),
    0,
  )
  return spread === 0 ? 0 : together / spread
}

/** What is left of a run when it is over. Accounts are those of the target, and stay. */
const NOTHING_LEFT = ['sessions', 'prepared', 'locks'] as const

/** What grows, or is left behind, one line each. */
export function growthOf(looks: readonly Look[]): readonly string[] {
  const half = secondHalf(looks)
  const grows = quantities().flatMap((quantity) => {
    if (quantity === 'heap' && spanOf(half) < ROTATIONS_FOR_BYTES) return []
    const slope = slopeOf(half, quantity)
    const most = TOLERANCE[quantity] ?? 0
    return slope > most ? [`${quantity} grows by ${slope.toFixed(3)} per rotation`] : []
  })
  const left = NOTHING_LEFT.flatMap((quantity) => {
    const most = Math.max(0, ...looks.map((look) => look[quantity]))
    return most > 0 ? [`${most} ${quantity} are left after a rotation`] : []
  })
  return [...grows, ...left]
}

/** Rotations from the first look to the last. */
function spanOf(looks: readonly Look[]): number {
  return (looks.at(-1)?.after ?? 0) - (looks[0]?.after ?? 0)
}

/** What is judged, in the order in which it is printed. */
export function quantities(): readonly Quantity[] {
  return ['heap', 'handles', 'files', 'sessions', 'prepared', 'locks', 'accounts']
}
