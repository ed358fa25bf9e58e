import { page, table } from './page.ts'
import type { Page } from './page.ts'

/** What the runbook says about one step. */
interface RunbookStep {
  readonly name: string
  readonly title: string
  readonly reversible: boolean
  readonly requires: readonly string[]
  readonly touches: readonly string[]
}

/** The first line of what is done about a managed credential. */
const MANAGED = 'ask'

/** The last line of a rotation; what follows it in the list is for when things are not in order. */
const LAST = 'close'

/** `docs/runbook.md`: the steps in reading order, with the point of no return. */
export function runbookPage(runbook: Readonly<Record<string, RunbookStep>>): Page {
  const steps = Object.values(runbook)
  const end = steps.findIndex(({ name }) => name === LAST) + 1
  const managed = steps.findIndex(({ name }) => name === MANAGED)
  const rotation = steps.slice(0, end)
  const noReturn = rotation.findIndex(({ reversible }) => !reversible)
  return page('docs/runbook.md', 'Runbook', 'packages/rotator/src/steps/runbook.ts', [
    'A run observes, decides on one action, applies it and observes again. A rotation goes down ' +
      'this list and leaves out what is true already. Until the point of no return it can be ' +
      'backed out; after it there is no way but forward.',
    stepTable(noReturn === -1 ? rotation : rotation.slice(0, noReturn)),
    ...(noReturn === -1 ? [] : ['**Point of no return**', stepTable(rotation.slice(noReturn))]),
    '## When things are not in order',
    stepTable(steps.slice(end, managed === -1 ? undefined : managed)),
    ...(managed === -1
      ? []
      : ['## A managed credential', 'Its owner does the work.', stepTable(steps.slice(managed))]),
  ])
}

function stepTable(steps: readonly RunbookStep[]): string {
  return table(
    ['Step', 'What it does', 'Looks first at', 'May change'],
    steps.map(({ name, title, requires, touches }) => [
      `\`${name}\``,
      title,
      requires.join(', ') || '–',
      touches.join(', ') || '–',
    ]),
  )
}
