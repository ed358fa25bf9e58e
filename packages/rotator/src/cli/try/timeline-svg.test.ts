import { describe, expect, test } from 'vitest'
import { xmlProblem } from '../../../test/xml.ts'
import { niceStep, text } from './svg.ts'
import { timelineSvg } from './timeline-svg.ts'
import type { Timeline, TimelineRotation } from './timeline-svg.ts'

const ROTATION: TimelineRotation = {
  label: '1',
  outcome: 'rotated',
  from: 1000,
  to: 9000,
  steps: [
    { name: 'drain', from: 5000, to: 8000, cut: false },
    { name: 'open', from: 1100, to: 1110, cut: false },
    { name: 'roll workers', from: 1200, to: 4200, cut: true },
  ],
}

const TIMELINE: Timeline = {
  endMs: 10_000,
  served: 1234,
  failed: 0,
  bucketMs: 500,
  users: ['app_a', 'app_b'],
  buckets: Array.from({ length: 20 }, (_, index) => ({
    served: index < 10 ? [100, 0] : [0, 100],
    failed: 0,
  })),
  rotations: [ROTATION],
}

/** The texts of all elements of one class, without markup. */
function texts(svg: string): readonly string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, content = '']) => content)
}

describe('the timeline', () => {
  test('is well-formed, and the same for the same data', () => {
    const svg = timelineSvg(TIMELINE)
    expect(xmlProblem(svg)).toBeUndefined()
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    expect(timelineSvg(TIMELINE)).toBe(svg)
  })

  test('names rotations, steps in the order of the runbook, counts and users', () => {
    const shown = texts(timelineSvg(TIMELINE))
    expect(shown).toContain('1: rotated, 8.0 s')
    expect(shown).toContain('1 rotations in 10 s; 1,234 requests served, 0 failed')
    expect(shown).toContain('served as app_b')
    const steps = shown.filter((label) => ['open', 'roll workers', 'drain'].includes(label))
    expect(steps).toEqual(['open', 'roll workers', 'drain'])
  })

  test('marks a kill and a back-out only where there was one', () => {
    expect(texts(timelineSvg(TIMELINE))).not.toContain('SIGKILL')
    const rotations = [{ ...ROTATION, killed: 3000, turned: 6000 }]
    const shown = texts(timelineSvg({ ...TIMELINE, rotations }))
    expect(shown).toContain('SIGKILL')
    expect(shown).toContain('backs out')
  })

  test('shows every bucket with a failed request in the colour of what is wrong', () => {
    const failing = TIMELINE.buckets.map((bucket, index) => ({
      ...bucket,
      failed: index === 3 || index === 7 ? 2 : 0,
    }))
    const svg = timelineSvg({ ...TIMELINE, failed: 4, buckets: failing })
    expect(svg.match(/<title>2 failed<\/title>/g)).toHaveLength(2)
    expect(svg.match(/<rect class="bad"/g)).toHaveLength(3)
  })

  test('is drawn also when nothing happened', () => {
    const svg = timelineSvg({ ...TIMELINE, endMs: 0, buckets: [], rotations: [] })
    expect(xmlProblem(svg)).toBeUndefined()
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('holds no markup from its data, no script and nothing to load', () => {
    const users = ['<script>alert(1)</script>', '"&\'']
    const svg = timelineSvg({ ...TIMELINE, users })
    expect(xmlProblem(svg)).toBeUndefined()
    expect(svg).not.toMatch(/<script|href|url\(|@import/)
    expect(svg).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  })
})

test('text is escaped for elements and attributes', () => {
  expect(text(`<a b="c" d='e'>&`)).toBe('&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;')
})

test.each([
  [0.3, 1],
  [1, 1],
  [1.5, 2],
  [3.6, 5],
  [7, 10],
  [66, 100],
  [200, 200],
])('an axis that needs steps of %d has steps of %d', (least, step) => {
  expect(niceStep(least)).toBe(step)
})
