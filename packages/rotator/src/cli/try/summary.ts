import { REQUEST_KINDS } from './requests.ts'
import type { Recorder } from './recorder.ts'
import type { RotationRow } from './scenario.ts'

/** Everything that the end of the demo tells. */
export interface Summary {
  readonly recorder: Recorder
  readonly rows: readonly RotationRow[]
  /** Rows that the application wrote: one for each request that was served. */
  readonly visits: number
  /** Users who could still log in with the password that they had at the start. */
  readonly stillOpen: readonly string[]
  readonly svg: string
  readonly seed: number
  readonly durationMs: number
}

/** What is not as it must be, one line each. Empty: the demo shows what it promises. */
export function problemsOf({ recorder, rows, visits, stillOpen }: Summary): readonly string[] {
  const failures = [...recorder.errors].map(([error, count]) => `${count} failed: ${error}`)
  const rotations = rows.flatMap(({ number, problem }) =>
    problem === undefined ? [] : [`Rotation ${number} ${problem}`],
  )
  const lost = `${visits} rows were written for ${recorder.served} requests that were served`
  const counted = visits === recorder.served || recorder.failed > 0 ? [] : [lost]
  const alive = stillOpen.map((user) => `the first password of ${user} still works`)
  return [...failures, ...rotations, ...counted, ...alive]
}

/** The tables at the end, for people. */
export function summaryText(summary: Summary): string {
  const { recorder, rows, visits, stillOpen, svg, seed, durationMs } = summary
  const served = recorder.served.toLocaleString('en-US')
  const seconds = (durationMs / 1000).toFixed(0)
  return [
    rotationTable(rows),
    '',
    requestTable(recorder),
    '',
    `${served} requests served, ${recorder.failed} failed, ` +
      `${visits.toLocaleString('en-US')} rows written, in ${seconds} s.`,
    stillOpen.length === 0
      ? 'Both passwords that the application had at the start are refused by now.'
      : `The first password still works for ${stillOpen.join(' and ')}.`,
    `Timeline: ${svg}`,
    `Seed: ${seed} (CUEDOT_TRY_SEED repeats where the run is killed)`,
    '',
  ].join('\n')
}

function rotationTable(rows: readonly RotationRow[]): string {
  const head = ['rotation', '', 'outcome', 'user now', 'password age', 'took']
  const body = rows.map((row) => [
    String(row.number),
    row.title,
    row.outcome,
    row.user,
    secondsOf(row.ageMs),
    secondsOf(row.durationMs),
  ])
  return table([head, ...body], [0, 4, 5])
}

function requestTable(recorder: Recorder): string {
  const head = ['requests', 'served', 'failed', 'p50 / p99 between', 'p50 / p99 during rotations']
  const body = REQUEST_KINDS.map((kind) => {
    const all = recorder.samples.filter((sample) => sample.kind === kind)
    const failed = all.filter(({ error }) => error !== undefined).length
    const during = all.filter(({ at }) => recorder.isDuring(at)).map(({ ms }) => ms)
    const between = all.filter(({ at }) => !recorder.isDuring(at)).map(({ ms }) => ms)
    const served = (all.length - failed).toLocaleString('en-US')
    return [kind, served, String(failed), latencies(between), latencies(during)]
  })
  return table([head, ...body], [1, 2, 3, 4])
}

function latencies(values: readonly number[]): string {
  if (values.length === 0) return '-'
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(0)
  return `${at(0.5)} / ${at(0.99)} ms`
}

function secondsOf(ms: number): string {
  return Number.isFinite(ms) ? `${(ms / 1000).toFixed(1)} s` : '?'
}

/** Columns as wide as their widest cell; those in `right` are aligned to the right. */
function table(rows: readonly (readonly string[])[], right: readonly number[]): string {
  const widths = (rows[0] ?? []).map((_, index) =>
    Math.max(...rows.map((row) => row[index]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0
        return right.includes(index) ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('   ')
      .trimEnd()
  return rows.map(line).join('\n')
}
