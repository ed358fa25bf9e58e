/**
 * `npm run check`: everything that can be judged without a server. One line a check, with the
 * output of those that fail; closes with `N passed, N failed`, where the tests of the lane unit
 * count one each and every other check counts as one.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, run, runScript } from './lib/run.ts'
import type { Ended } from './lib/run.ts'
import { add, close, closingLine, NOTHING } from './lib/tally.ts'
import type { Tally } from './lib/tally.ts'
import { runVitest } from './lib/vitest.ts'

interface Check {
  readonly name: string
  readonly run: () => Promise<{ readonly tally: Tally; readonly ended: Ended }>
}

/** A check that passes or fails as a whole. */
function whole(name: string, start: () => Promise<Ended>): Check {
  return {
    name,
    run: async () => {
      const ended = await start()
      const passed = ended.code === 0
      return { tally: { ...NOTHING, [passed ? 'passed' : 'failed']: 1 }, ended }
    },
  }
}

/** The longest first, so that two at a time end together. */
const CHECKS: readonly Check[] = [
  { name: 'unit', run: () => runVitest(['unit'], false) },
  ...(existsSync(join(ROOT, 'scripts/sim.ts'))
    ? [whole('sim', () => runScript('sim.ts', '--runs', '60000'))]
    : []),
  whole('packages', () => runScript('packages.ts')),
  whole('knip', () => run('knip', ['--no-progress', '--no-config-hints'])),
  whole('lint', () => run('oxlint', ['--type-aware', '--deny-warnings', '-f', 'unix'])),
  whole('types', () => run('tsc', ['-p', 'tsconfig.json', '--pretty', 'false'])),
  whole('tidy', () => runScript('tidy.ts')),
  whole('docs', () => runScript('generate-docs.ts', '--check')),
  whole('format', () => run('oxfmt', ['--check', '.'])),
]

/** Checks that run at the same time. */
const AT_ONCE = 2

const began = performance.now()
const waiting = [...CHECKS]
let total: Tally = NOTHING
await Promise.all(Array.from({ length: AT_ONCE }, runNext))
console.log(`${seconds(began)} s in all`)
close(total)

async function runNext(): Promise<void> {
  for (let check = waiting.shift(); check; check = waiting.shift()) {
    const start = performance.now()
    const { tally, ended } = await check.run()
    total = add(total, tally)
    const verdict = tally.failed === 0 ? 'ok  ' : 'FAIL'
    console.log(`${verdict} ${check.name.padEnd(9)} ${seconds(start)} s  ${closingLine(tally)}`)
    if (tally.failed > 0) console.log(ended.output.trimEnd().replaceAll(/^/gm, '     '))
  }
}

function seconds(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1).padStart(5)
}
