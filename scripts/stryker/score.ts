import type { Tally } from '../lib/tally.ts'
import type { Equivalent } from './equivalent.ts'
import type { Tried } from './report.ts'

/** What came of the mutants of one file, or of all. */
export interface Score {
  readonly name: string
  readonly killed: number
  readonly survived: number
}

/** One score for each file, in alphabetical order. */
export function scoresOf(tried: readonly Tried[]): readonly Score[] {
  const files = [...new Set(tried.map(({ file }) => file))].toSorted()
  return files.map((name) =>
    scoreOf(
      name,
      tried.filter(({ file }) => file === name),
    ),
  )
}

/** The score of all of these mutants together. */
export function scoreOf(name: string, tried: readonly Tried[]): Score {
  const killed = tried.filter(({ isKilled }) => isKilled).length
  return { name, killed, survived: tried.length - killed }
}

/** Killed of all that were tried, in percent; of none 0. */
export function percentOf({ killed, survived }: Score): number {
  return (100 * killed) / Math.max(1, killed + survived)
}

/** A table of scores: `windows           104     103         1   99.04`. */
export function tableOf(scores: readonly Score[]): readonly string[] {
  const width = Math.max(4, ...scores.map(({ name }) => name.length))
  const line = (name: string, ...columns: readonly string[]): string =>
    [name.padEnd(width), ...columns.map((column) => column.padStart(8))].join('  ')
  return [
    line('file', 'mutants', 'killed', 'survived', 'score'),
    ...scores.map((score) => {
      const { name, killed, survived } = score
      const counts = [killed + survived, killed, survived].map(String)
      return line(name, ...counts, percentOf(score).toFixed(2))
    }),
  ]
}

/** What is to be told of the mutants that survived, and how all of them count. */
export interface Judged {
  /** Survivors that nobody has explained. */
  readonly holes: readonly Tried[]
  readonly explained: readonly Equivalent[]
  /** Explained, and killed or gone: the explanation is wrong or left over. */
  readonly stale: readonly Equivalent[]
  /** An explained survivor counts as skipped; a stale explanation has failed. */
  readonly tally: Tally
}

/** Compares the survivors with those that are known to be equivalent. */
export function judge(tried: readonly Tried[], known: readonly Equivalent[]): Judged {
  const files = new Set(tried.map(({ file }) => file))
  const survivors = tried.filter(({ isKilled }) => !isKilled)
  const concerned = known.filter(({ file }) => files.has(file))
  const explained = concerned.filter((one) => survivors.some((mutant) => isSame(one, mutant)))
  const stale = concerned.filter((one) => !explained.includes(one))
  const holes = survivors.filter((mutant) => !explained.some((one) => isSame(one, mutant)))
  const passed = tried.length - survivors.length
  const skipped = survivors.length - holes.length
  return {
    holes,
    explained,
    stale,
    tally: { passed, failed: holes.length + stale.length, skipped },
  }
}

function isSame(one: Equivalent, { file, text, replacement }: Tried): boolean {
  return one.file === file && one.text === text && one.replacement === replacement
}
