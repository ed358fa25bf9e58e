import { createHash } from 'node:crypto'

/** Which part of all points is tried. */
export interface Share {
  /** One place in so many; 1 is all of them. */
  readonly of: number
  /** No more places than that; default: without limit. */
  readonly most?: number
  /** Only one of the points at each of these places. */
  readonly oneFault: boolean
  /** The same seed chooses the same points. */
  readonly seed: number
}

/** What can be drawn. */
interface Drawable {
  readonly label: string
  /** Where in the run it is. */
  readonly place: string
}

/**
 * The points at one in `share.of` of the places, rounded up, `share.most` of them at most, in their
 * order; with `share.oneFault` one point at each of these. Each group is drawn for itself, so a
 * share is spread over engines and strategies.
 *
 * @param group - names what the points belong to
 */
export function choose<P extends Drawable>(
  points: readonly P[],
  group: string,
  { of, most = Infinity, oneFault, seed }: Share,
): readonly P[] {
  const rank = (text: string): string => rankOf([seed, group, text].join('\n'))
  const places = ranked([...Map.groupBy(points, ({ place }) => place)], ([place]) => rank(place))
  const drawn = places
    .slice(0, Math.min(most, Math.ceil(places.length / of)))
    .flatMap(([, atPlace]) => {
      return oneFault ? ranked(atPlace, ({ label }) => rank(label)).slice(0, 1) : atPlace
    })
  const chosen = new Set(drawn)
  return points.filter((point) => chosen.has(point))
}

function ranked<T>(all: readonly T[], rank: (one: T) => string): readonly T[] {
  return all
    .map((one) => ({ one, key: rank(one) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ one }) => one)
}

function rankOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
