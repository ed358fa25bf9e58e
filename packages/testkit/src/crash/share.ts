import { createHash } from 'node:crypto'

/** Which part of all points is tried. */
export interface Share {
  /** One point in so many; 1 is all of them. */
  readonly of: number
  /** The same for the points of faults that are a variant of another. Default: as `of`. */
  readonly variantsOf?: number
  /** The same seed chooses the same points. */
  readonly seed: number
}

/** What can be drawn. */
interface Drawable {
  readonly label: string
  /** Of a fault that is a variant of another. */
  readonly variant?: boolean
}

/**
 * One in `share.of` of these points, rounded up, in their order; of variants one in
 * `share.variantsOf`. Each group is drawn for itself, so a share is spread over engines, strategies
 * and faults.
 *
 * @param group - names what the points belong to
 */
export function choose<P extends Drawable>(
  points: readonly P[],
  group: string,
  { of, variantsOf = of, seed }: Share,
): readonly P[] {
  const ranked = points
    .map((point) => ({ point, rank: rankOf([seed, group, point.label].join('\n')) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ point }) => point)
  const variants = ranked.filter(({ variant }) => variant === true)
  const others = ranked.filter(({ variant }) => variant !== true)
  const drawn = (from: readonly P[], inSoMany: number): readonly P[] =>
    from.slice(0, Math.ceil(from.length / inSoMany))
  const chosen = new Set([...drawn(others, of), ...drawn(variants, variantsOf)])
  return points.filter((point) => chosen.has(point))
}

function rankOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
