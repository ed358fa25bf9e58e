import { createHash } from 'node:crypto'

/** Which part of all points is tried. */
export interface Share {
  /** One point in so many; 1 is all of them. */
  readonly of: number
  /** The same seed chooses the same points. */
  readonly seed: number
}

/**
 * One in `share.of` of these points, rounded up, in their order. Each group is drawn for itself, so
 * a share is spread over engines, strategies and faults.
 *
 * @param group - names what the points belong to
 */
export function choose<P extends { readonly label: string }>(
  points: readonly P[],
  group: string,
  share: Share,
): readonly P[] {
  const count = Math.ceil(points.length / share.of)
  const drawn = points
    .map((point) => ({ point, rank: rankOf([share.seed, group, point.label].join('\n')) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, count)
  const chosen = new Set(drawn.map(({ point }) => point))
  return points.filter((point) => chosen.has(point))
}

function rankOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
