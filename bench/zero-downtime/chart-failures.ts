import { niceStep, num, part } from '../../packages/rotator/src/cli/try/svg.ts'
import { label, LEFT, tick, WIDTH } from './chart-frame.ts'
import type { Panel } from './chart-frame.ts'
import { ENGINE_TITLES } from './results.ts'
import type { Results, StrategyResult } from './results.ts'

const ROW = 21
const GROUP_GAP = 8
const HEAD = 50
/** For the words behind the longest bar. */
const RIGHT = 260

/** Failed requests per rotation: a bar for each strategy, grouped by database. */
export function failures({ results, load }: Results, top: number): Panel {
  const perRotation = results.map(({ failed, rotations }) => failed / rotations)
  const most = Math.max(1, ...perRotation)
  const step = niceStep(most / 5)
  const scale = (WIDTH - LEFT - RIGHT) / most
  const rows = placed(results, top + HEAD)
  const bottom = (rows.at(-1)?.y ?? top + HEAD) + ROW
  const ticks = Array.from({ length: Math.floor(most / step) + 1 }, (_, n) =>
    tick(LEFT + n * step * scale, bottom, { top: top + HEAD - 4, words: String(n * step) }),
  )
  const { connect, pooled, long } = load.perSecond
  const under =
    `${connect} logins, ${pooled} pooled requests and ${long} long transactions a second; ` +
    `${load.workers} workers that are restarted one by one`
  return {
    height: bottom - top + 20,
    markup: [
      label('Requests that fail when the credential changes', {
        class: 'title',
        x: 16,
        y: top + 8,
      }),
      label(under, { class: 'soft', x: 16, y: top + 28 }),
      ...ticks,
      label('failed requests per rotation', {
        class: 'soft small end',
        x: LEFT - 8,
        y: bottom + 15,
      }),
      ...rows.map((row) => bar(row, scale)),
    ].join(''),
  }
}

interface Row {
  readonly result: StrategyResult
  readonly y: number
  /** The first of its database. */
  readonly first: boolean
}

function placed(results: readonly StrategyResult[], top: number): readonly Row[] {
  let y = top
  return results.map((result, index) => {
    const first = results[index - 1]?.engine !== result.engine
    if (index > 0) y += first ? ROW + GROUP_GAP : ROW
    return { result, y, first }
  })
}

function bar({ result, y, first }: Row, scale: number): string {
  const { engine, title, failed, rotations, attempts, own } = result
  const width = (failed / rotations) * scale
  const of = `${failed.toLocaleString('en-US')} of ${attempts.toLocaleString('en-US')}`
  const words = `${of} requests in ${rotations} rotations`
  const at = { x: LEFT, y: y + 3, width: num(width), height: ROW - 6, rx: 2 }
  const left = num(LEFT + width + 6)
  return [
    first ? label(ENGINE_TITLES[engine], { class: 'strong', x: 16, y: y + 15 }) : '',
    label(title, { class: own ? 'end strong' : 'end', x: LEFT - 8, y: y + 15 }),
    failed === 0 ? '' : part('rect', { class: 'bad', ...at }),
    label(words, { class: failed === 0 ? 'good strong' : '', x: left, y: y + 15 }),
  ].join('')
}
