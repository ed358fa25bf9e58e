import type { Tried } from './report.ts'

/** A mutant that nobody can notice. */
export interface Equivalent extends Pick<Tried, 'file' | 'text' | 'replacement'> {
  /** Why it makes no difference, in one sentence. */
  readonly why: string
}

/** What survives without being a hole in the tests. One that is killed has to go from here. */
export const EQUIVALENT: readonly Equivalent[] = [
  {
    file: 'adoption',
    text: "'I5: the adoption does not end'",
    replacement: '""',
    why: 'A test shows for every state that this error is never thrown.',
  },
  {
    file: 'windows',
    text: 'to > from',
    replacement: 'to >= from',
    why: 'A window that ends when it begins does not exist.',
  },
]
