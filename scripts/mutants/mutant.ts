/** Where a planted bug stands and who must find it. */
export interface Mutant {
  /** Unique, and short enough for a table. */
  readonly name: string
  /** What it would do to a user, in one sentence. */
  readonly harm: string
  /** Below `packages/rotator/src/`. */
  readonly file: string
  /** Text that stands exactly once in the file. */
  readonly text: string
  readonly replacement: string
  readonly lane: Lane
}

/** The tests that must kill a mutant: files below `packages/rotator/`, or the campaign. */
export type Lane =
  | { readonly kind: 'unit'; readonly files: readonly string[] }
  | { readonly kind: 'real'; readonly files: readonly string[] }
  | { readonly kind: 'sim'; readonly runs: number }

/** The lane of pure tests, in these files or folders. */
export function unit(...files: readonly string[]): Lane {
  return { kind: 'unit', files }
}

/** The lane of tests on real parts, in this file. */
export function real(file: string): Lane {
  return { kind: 'real', files: [file] }
}

/** The campaign of simulated rotations; it ends at the first invariant that breaks. */
export const SIM: Lane = { kind: 'sim', runs: 9000 }

/** How a lane is called in the table. */
export function laneName(lane: Lane): string {
  if (lane.kind === 'sim') return `sim --runs ${lane.runs}`
  return `${lane.kind} ${lane.files.map((file) => file.replace(/^.*\//, '')).join(' ')}`
}

/** The text was not found, or more than once: nobody can say what would be tried. */
export class NotPlanted extends Error {
  override readonly name = 'NotPlanted'
}

/**
 * The source with the bug in it.
 * @throws NotPlanted when its text does not stand there exactly once
 */
export function plant(source: string, { text, replacement }: Mutant): string {
  const [before, after, ...more] = source.split(text)
  if (before === undefined || after === undefined || more.length > 0)
    throw new NotPlanted(`its text is found ${source.split(text).length - 1} times`)
  return before + replacement + after
}
