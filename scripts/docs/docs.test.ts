import { describe, expect, test } from 'vitest'
import { errorsPage } from './errors.ts'
import { eventsPage } from './events.ts'
import { iamPage } from './iam.ts'
import { table } from './page.ts'
import { runbookPage } from './runbook.ts'

test('a bar or a line feed in a cell does not break the table', () => {
  expect(table(['a', 'b'], [['x|y', 'one\ntwo']])).toBe(
    '| a | b |\n| --- | --- |\n| x\\|y | one two |',
  )
})

test('the page of errors has every code with what to do and its retry class', () => {
  const entry = { retry: 'safe', what: 'It broke.', hint: 'Mend it.' } as const
  const { path, text } = errorsPage(
    { ERR_A: entry },
    { R: { what: 'It differs.', hint: 'Compare.' } },
  )
  expect(path).toBe('docs/errors.md')
  expect(text).toContain('| `ERR_A` | It broke. | Mend it. | `safe` |')
  expect(text).toContain('| `R` | It differs. | Compare. |')
  expect(text).toContain('packages/rotator/src/errors.ts')
})

test('the page of events has every code with what it carries', () => {
  const { text } = eventsPage({ RUN: { level: 'info', what: 'It runs.', payload: '`by`' } })
  expect(text).toContain('| `RUN` | info | It runs. | `by` |')
})

test('the page of permissions has a section for each adapter', () => {
  const permission = { action: 'ecs:UpdateService', resource: 'the service', why: 'To roll.' }
  const { text } = iamPage({ ecs: [permission] })
  expect(text).toContain('## ecs\n\n| Action | On | Why |')
  expect(text).toContain('| `ecs:UpdateService` | the service | To roll. |')
})

describe('the page of the runbook', () => {
  const step = (name: string, reversible = true) => ({
    name,
    title: `Does ${name}`,
    reversible,
    requires: ['configs'],
    touches: [],
  })

  test('draws the point of no return before the first step that cannot be undone', () => {
    const { text } = runbookPage({
      a: step('open'),
      b: step('retire', false),
      c: step('close', false),
    })
    const order = ['`open`', '**Point of no return**', '`retire`', '`close`', '## When'].map(
      (word) => text.indexOf(word),
    )
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(order).not.toContain(-1)
  })

  test('has a section of its own for a managed credential', () => {
    const steps = ['open', 'close', 'heal', 'ask', 'await'].map((name) => [name, step(name)])
    const { text } = runbookPage(Object.fromEntries(steps))
    const order = ['## When', '`heal`', '## A managed', '`ask`', '`await`'].map((word) =>
      text.indexOf(word),
    )
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(order).not.toContain(-1)
  })

  test('keeps what follows the last step of a rotation apart', () => {
    const { text } = runbookPage({ a: step('close'), b: step('heal') })
    expect(text.indexOf('`heal`')).toBeGreaterThan(text.indexOf('## When things are not in order'))
    expect(text).not.toContain('Point of no return')
  })
})
