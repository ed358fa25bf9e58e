import type { Verdict } from './lanes.ts'

/** One line of the report. */
export interface Row {
  readonly name: string
  readonly lane: string
  readonly verdict: Verdict | 'not planted'
  readonly seconds: number
}

/** The widest of the names and of the lanes, so that rows can be printed one at a time. */
export interface Widths {
  readonly name: number
  readonly lane: number
}

/** How wide the columns of these rows are. */
export function widthsOf(rows: readonly Pick<Row, 'name' | 'lane'>[]): Widths {
  const widest = (key: 'name' | 'lane'): number =>
    Math.max(4, ...rows.map((row) => row[key].length))
  return { name: widest('name'), lane: widest('lane') }
}

/** The line above the rows. */
export function headerOf(widths: Widths): string {
  return `${'name'.padEnd(widths.name)}  ${'lane'.padEnd(widths.lane)}  verdict      seconds`
}

/** `retires without a drain  sim --runs 9000  killed           1.2`. */
export function lineOf({ name, lane, verdict, seconds }: Row, widths: Widths): string {
  const columns = [name.padEnd(widths.name), lane.padEnd(widths.lane), verdict.padEnd(11)]
  return `${columns.join('  ')}  ${seconds.toFixed(1).padStart(7)}`
}
