import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { LookOptions } from '../options.ts'
import { bold, green, red } from '../output.ts'
import type { Check } from '../verify/checklist.ts'
import { verifyTarget } from '../verify/checks.ts'
import { lookAtEach } from './look-at-each.ts'

interface Verified {
  readonly target: string
  readonly ok: boolean
  readonly checks: readonly Check[]
}

/**
 * `verify`: everything that a rotation needs, tried without changing anything. Exit code 3 when a
 * person must change something, 1 when something only could not be reached.
 */
export async function verifyCommand(
  name: string | undefined,
  options: LookOptions,
): Promise<ExitCode> {
  return await lookAtEach<Verified>(name, options, {
    look: async ({ target }, env, config) => {
      const checks = await verifyTarget(target, config, env)
      return { target: target.name, ok: checks.every(({ ok }) => ok), checks }
    },
    unopened: (target, { message: what, code, hint, retry }) => {
      const check = { check: 'target', ok: false, what, code, hint, mayPass: retry === 'safe' }
      return { target, ok: false, checks: [check] }
    },
    text,
    exitCode: ({ checks }) => {
      const failed = checks.filter(({ ok }) => !ok)
      if (failed.length === 0) return EXIT.ok
      return failed.every(({ mayPass }) => mayPass === true) ? EXIT.failed : EXIT.refused
    },
  })
}

function text({ target, ok, checks }: Verified): string {
  const lines = checkLines(checks)
  return [`${bold(target)}: ${ok ? green('ready') : red('not ready')}`, ...lines].join('\n')
}

/** What came of checks, for a person: a line each, and what to do below those that failed. */
export function checkLines(checks: readonly Check[]): readonly string[] {
  const width = Math.max(...checks.map(({ check }) => check.length))
  return checks.flatMap((one) => {
    const mark = one.ok ? green('ok    ') : red('failed')
    const hint = one.hint === undefined ? [] : [`${' '.repeat(width + 12)}${one.hint}`]
    return [`  ${mark}  ${one.check.padEnd(width)}  ${one.what}`, ...hint]
  })
}
