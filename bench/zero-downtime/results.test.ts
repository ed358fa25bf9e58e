import { describe, expect, test } from 'vitest'
import { chart } from './chart.ts'
import { problemsOf } from './results.ts'
import { resultOf, resultsOf } from './results-fixture.ts'
import { tables, withFigures } from './tables.ts'

describe('what is promised', () => {
  test('one failed request under cuedot is a problem, any number under a baseline is none', () => {
    expect(problemsOf([resultOf(true, 0), resultOf(false, 250)])).toEqual([])
    expect(problemsOf([resultOf(true, 1)])).toEqual([
      'postgres, cuedot-alternating: 1 of 300 failed',
    ])
  })

  test('a row that a served request wrote and that is not there is a problem', () => {
    const result = resultOf(true, 0)
    const rows = { ...result.rows, long: { found: 297, expected: 300 } }
    expect(problemsOf([{ ...result, rows }])).toEqual([
      'postgres, cuedot-alternating: long: 297 rows, not 300',
    ])
  })

  test('no failures because of no requests are a problem', () => {
    expect(problemsOf([{ ...resultOf(true, 0), attempts: 0 }])).toHaveLength(1)
  })
})

describe('the tables', () => {
  test('a row of the first names failures by kind, and cuedot alone has latencies', () => {
    const text = tables(resultsOf([resultOf(true, 0), resultOf(false, 250)]))
    expect(text).toContain('| one user | 10 | 300 | 250 | 25.0 | 250 × login refused |')
    expect(text).toContain('| 300 | **0** | 0.0 |  |')
    expect(text.match(/2\.0 \/ 20 \| 3\.0 \/ 40 \| 1\.50 \/ 2\.00/g)).toHaveLength(3)
  })
})

describe('the page', () => {
  test('it keeps what stands around the figures, and figures are put in once', () => {
    const page = 'before\n<!-- figures -->\n<!-- /figures -->\nafter'
    const once = withFigures(page, 'figures')
    expect(once).toBe('before\n<!-- figures -->\n\nfigures\n\n<!-- /figures -->\nafter')
    expect(withFigures(once, 'figures')).toBe(once)
    expect(() => withFigures('nothing', 'figures')).toThrow('no place')
  })
})

describe('the chart', () => {
  const svg = chart(resultsOf([resultOf(true, 0), resultOf(false, 250)]))

  test('it escapes what it writes and closes what it opens', () => {
    expect(svg).toContain('cuedot &amp; &lt;users&gt;')
    const opened = svg.match(/<[a-z]+[ >]/g) ?? []
    expect(svg.match(/<\/[a-z]+>/g)).toHaveLength(opened.length)
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })

  test('no failures have no bar and say so, and failures have one', () => {
    expect(svg.match(/<rect class="bad"/g)).toHaveLength(1)
    expect(svg).toContain('0 of 300 requests in 10 rotations')
    expect(svg).toContain('250 of 300 requests in 10 rotations')
  })

  test('it has colours for a light and for a dark page', () => {
    expect(svg).toContain('@media (prefers-color-scheme: dark)')
  })
})
