import { part, text } from '../../packages/rotator/src/cli/try/svg.ts'
import { failures } from './chart-failures.ts'
import { latencies } from './chart-latencies.ts'
import { WIDTH } from './chart-frame.ts'
import { STYLE } from './chart-style.ts'
import type { Results } from './results.ts'

/**
 * Draws the results: failed requests per rotation, and what a rotation does to latencies. Pure: the
 * same results, the same text.
 */
export function chart(results: Results): string {
  const first = failures(results, 20)
  const second = latencies(results, 20 + first.height + 26)
  const height = 20 + first.height + 26 + second.height + 10
  return part(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      role: 'img',
      ...{ width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` },
    },
    part('title', {}, text('Failed requests and latency while a database credential changes')),
    part('style', {}, text(STYLE)),
    part('rect', { class: 'back', width: WIDTH, height }),
    first.markup,
    second.markup,
  )
}
