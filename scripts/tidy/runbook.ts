/** One step, one file, one line of the runbook. `step.ts` says what a step is and is none. */
import { isTest } from './source.ts'
import type { ProjectRule } from './source.ts'
import { child, importsOf, nameOf, syntaxOf } from './syntax.ts'

const STEPS = 'packages/rotator/src/steps/'
const RUNBOOK = `${STEPS}runbook.ts`

/** Every file in `steps/` is a step that the runbook names, and the runbook names no other. */
export const runbook: ProjectRule = {
  name: 'runbook',
  check: (sources) => {
    const list = sources.find(({ path }) => path === RUNBOOK)
    if (!list) return []
    const files = sources
      .filter(({ path }) => path.startsWith(STEPS) && path !== RUNBOOK && !isTest(path))
      .map(({ path }) => path.slice(STEPS.length))
      .filter((file) => file !== 'step.ts')
    const named = new Set(
      importsOf(list)
        .filter(({ typeOnly }) => !typeOnly)
        .flatMap(({ specifier }) => /^\.\/(.+\.ts)$/.exec(specifier)?.[1] ?? []),
    )
    const lines = new Set(
      syntaxOf(list)
        .nodes.filter(({ type }) => type === 'Property')
        .map((node) => nameOf(child(node, 'key'))),
    )
    return [
      ...files
        .filter((file) => !named.has(file))
        .map((file) => ({ path: STEPS + file, line: 1, message: 'is not a step of runbook.ts' })),
      ...[...named]
        .filter((file) => !files.includes(file))
        .map((file) => ({ path: RUNBOOK, line: 1, message: `names ${file}, which is not there` })),
      ...files
        .filter((file) => named.has(file) && !lines.has(file.replace(/\.ts$/, '')))
        .map((file) => ({
          path: RUNBOOK,
          line: 1,
          message: `imports ${file} and has no line for it`,
        })),
    ]
  },
}
