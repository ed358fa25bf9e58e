/**
 * The candidate that was probably meant, or undefined when none is near: at most a third of its
 * letters may be missing, added, changed or swapped with their neighbour.
 */
export function similar(word: string, candidates: readonly string[]): string | undefined {
  const near = candidates
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(candidate.length / 3)))
    .toSorted((a, b) => a.edits - b.edits)
  return near[0]?.candidate
}

/** Damerau-Levenshtein, optimal string alignment, over the first 64 letters. */
function distance(long: string, candidate: string): number {
  const word = long.slice(0, 64)
  const meant = candidate.toLowerCase()
  let before: number[] = []
  let above = Array.from({ length: candidate.length + 1 }, (_, column) => column)
  for (let row = 1; row <= word.length; row++) {
    const here = [row]
    for (let column = 1; column <= candidate.length; column++) {
      const same = word[row - 1] === meant[column - 1]
      const swapped = word[row - 1] === meant[column - 2] && word[row - 2] === meant[column - 1]
      here[column] = Math.min(
        (here[column - 1] ?? 0) + 1,
        (above[column] ?? 0) + 1,
        (above[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[column - 2] ?? 0) + 1 : Infinity,
      )
    }
    before = above
    above = here
  }
  return above[candidate.length] ?? 0
}
