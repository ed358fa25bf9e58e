import { num, part } from '../../packages/rotator/src/cli/try/svg.ts'
import { label, LEFT, tick, WIDTH } from './chart-frame.ts'
import type { Panel } from './chart-frame.ts'
import { LOAD_TITLES } from './load/shape.ts'
import type { LoadFigures } from './measure.ts'
import { ENGINE_TITLES } from './results.ts'
import type { Results } from './results.ts'

const ROW = 21
const GROUP_GAP = 8
const HEAD = 50
const RIGHT = 160

interface Row extends LoadFigures {
  readonly y: number
  /** Stands before the first row of a strategy. */
  readonly heading: string
}

/** What a rotation does to latency: median and 99th percentile, outside of it and during it. */
export function latencies({ results }: Results, top: number): Panel {
  const rows = placed(results, top + HEAD)
  const all = rows.flatMap(({ outside, during }) => [
    outside.p50,
    outside.p99,
    during.p50,
    during.p99,
  ])
  const known = all.filter((ms) => ms > 0)
  const low = Math.floor(Math.log10(Math.min(...known, 1)))
  const high = Math.ceil(Math.log10(Math.max(...known, 10)))
  const scale = (WIDTH - LEFT - RIGHT) / (high - low)
  const x = (ms: number): number => LEFT + (Math.log10(Math.max(ms, 10 ** low)) - low) * scale
  const bottom = (rows.at(-1)?.y ?? top + HEAD) + ROW
  const ticks = Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n)).map((ms) =>
    tick(x(ms), bottom, { top: top + HEAD - 4, words: `${ms} ms` }),
  )
  return {
    height: bottom - top + 24,
    markup: [
      label('What a rotation by cuedot does to latency', { class: 'title', x: 16, y: top + 8 }),
      legend(top + 28),
      ...ticks,
      label('during ÷ outside', { class: 'soft small end', x: WIDTH - 16, y: top + HEAD - 8 }),
      ...rows
        .slice(0, 1)
        .flatMap(({ during }) => [
          label('p50', { class: 'soft small middle', x: num(x(during.p50)), y: top + HEAD - 8 }),
          label('p99', { class: 'soft small middle', x: num(x(during.p99)), y: top + HEAD - 8 }),
        ]),
      ...rows.map((row) => dumbbell(row, x)),
    ].join(''),
  }
}

function legend(y: number): string {
  const dot = (left: number, name: string): string =>
    part('circle', { class: name, cx: left, cy: y - 4, r: 4.5 })
  return [
    label('p50 and p99 of a request:', { class: 'soft', x: 16, y }),
    dot(194, 'outside'),
    label('outside of rotations', { class: 'soft', x: 204, y }),
    dot(348, 'during'),
    label('during a rotation', { class: 'soft', x: 358, y }),
  ].join('')
}

function placed(results: Results['results'], top: number): readonly Row[] {
  let y = top - ROW
  const own = results.filter((result) => result.own)
  return own.flatMap(({ engine, title, loads }, group) => {
    const again = own[group - 1]?.engine === engine
    const heading = again ? title.replace(/^cuedot, /, '') : ENGINE_TITLES[engine]
    return loads.map((figures, index) => {
      y += group > 0 && index === 0 ? ROW + GROUP_GAP : ROW
      return { ...figures, y, heading: index === 0 ? heading : '' }
    })
  })
}

function dumbbell(
  { y, heading, load, outside, during, ratio }: Row,
  x: (ms: number) => number,
): string {
  const middle = y + 11
  const pair = (from: number, to: number): string => {
    const at = { x1: num(x(from)), x2: num(x(to)), y1: middle, y2: middle }
    return (
      part('line', { class: 'span', ...at }) +
      part('circle', { class: 'outside', cx: num(x(from)), cy: middle, r: 4.5 }) +
      part('circle', { class: 'during', cx: num(x(to)), cy: middle, r: 3.5 })
    )
  }
  return [
    heading === '' ? '' : label(heading, { class: 'strong', x: 16, y: y + 15 }),
    label(LOAD_TITLES[load], { class: 'end', x: LEFT - 8, y: y + 15 }),
    pair(outside.p50, during.p50),
    pair(outside.p99, during.p99),
    label(`p50 × ${ratio.p50.toFixed(2)}, p99 × ${ratio.p99.toFixed(2)}`, {
      ...{ class: 'small end', x: WIDTH - 16, y: y + 15 },
    }),
  ].join('')
}
