import { ENGINE_TITLES } from './results.ts'
import type { Results, StrategyResult } from './results.ts'
import { FAILURE_KINDS } from '../../packages/testkit/src/rig/consumer-session.ts'
import { LOAD_TITLES } from './load/shape.ts'

/** The results in Markdown, for a terminal and for the documentation. */
export function tables(results: Results): string {
  return [failureTable(results.results), latencyTable(results.results), facts(results), ''].join(
    '\n\n',
  )
}

const BEGIN = '<!-- figures -->'
const END = '<!-- /figures -->'

/**
 * The page with these figures between its marks `<!-- figures -->` and `<!-- /figures -->`.
 * @throws Error when it has no such marks
 */
export function withFigures(page: string, figures: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (from < 0 || to < from) throw new Error('the page has no place for figures')
  return `${page.slice(0, from)}${BEGIN}\n\n${figures.trim()}\n\n${page.slice(to)}`
}

function failureTable(results: readonly StrategyResult[]): string {
  const rows = results.map((result) => [
    `${ENGINE_TITLES[result.engine]} ${result.version}`,
    result.title,
    String(result.rotations),
    thousands(result.attempts),
    result.failed === 0 ? '**0**' : thousands(result.failed),
    (result.failed / result.rotations).toFixed(1),
    kindsOf(result),
  ])
  const head = ['database', 'strategy', 'rotations', 'requests', 'failed', 'per rotation', 'how']
  return table([head, ...rows], 2, 5)
}

function kindsOf({ loads }: StrategyResult): string {
  const words = { login: 'login refused', connection: 'connection broken' }
  const named = { ...words, statement: 'statement failed', transaction: 'transaction lost' }
  const counted = FAILURE_KINDS.flatMap((kind) => {
    const count = loads.reduce((sum, { failures }) => sum + failures[kind], 0)
    return count === 0 ? [] : [`${thousands(count)} × ${named[kind]}`]
  })
  return counted.join(', ')
}

function latencyTable(results: readonly StrategyResult[]): string {
  const rows = results
    .filter(({ own }) => own)
    .flatMap(({ engine, title, loads }) =>
      loads.map(({ load, outside, during, ratio }) => [
        ENGINE_TITLES[engine],
        title,
        LOAD_TITLES[load],
        `${ms(outside.p50)} / ${ms(outside.p99)}`,
        `${ms(during.p50)} / ${ms(during.p99)}`,
        `${ratio.p50.toFixed(2)} / ${ratio.p99.toFixed(2)}`,
      ]),
    )
  const head = ['database', 'strategy', 'load', 'outside, ms', 'during, ms', 'ratio']
  const title = 'p50 / p99 of a request outside of rotations and during them:'
  return `${title}\n\n${table([head, ...rows], 3, 5)}`
}

function facts({ machine, command, results }: Results): string {
  const { cores, cpu, memoryGiB, os, node } = machine
  const dates = [...new Set(results.map(({ date }) => date))].join(', ')
  const late = Math.max(...results.map(({ loopDelay }) => loopDelay.p99))
  const averages = results.map(({ loadAverage }) => loadAverage)
  const held = results.reduce((sum, { heldBack }) => sum + heldBack, 0)
  return [
    `\`${command}\`, ${dates}: ${cores} × ${cpu}, ${memoryGiB} GiB, ${os}, Node ${node};`,
    `load average ${Math.min(...averages)} to ${Math.max(...averages)}.`,
    `The event loop of the load generator was late by at most ${ms(late)} ms (p99);`,
    `${thousands(held)} requests were not sent, because too many were under way.`,
  ].join('\n')
}

function thousands(count: number): string {
  return count.toLocaleString('en-US')
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0)
}

/** Columns `from` to `to` are aligned to the right. */
function table(rows: readonly (readonly string[])[], from: number, to: number): string {
  const rule = (rows[0] ?? []).map((_, index) => (index >= from && index <= to ? '--:' : '---'))
  const [head = [], ...body] = rows
  return [head, rule, ...body].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
