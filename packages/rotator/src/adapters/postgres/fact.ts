/** One thing that a role has and that another may lack. */
export interface Fact {
  /** Readable, and the same for every role that has the thing. */
  readonly line: string
  /** The statement that gives it to a role; absent when it cannot be given. `role` is quoted. */
  readonly give?: (role: string) => string
}

/** The facts whose line is not among `had`, each line once. */
export function missing(wanted: readonly Fact[], had: readonly Fact[]): readonly Fact[] {
  const seen = new Set(had.map(({ line }) => line))
  return wanted.filter(({ line }) => {
    if (seen.has(line)) return false
    seen.add(line)
    return true
  })
}
