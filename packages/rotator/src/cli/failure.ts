import { isRotatorError } from '../errors.ts'
import { EXIT } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import { UsageError } from './options.ts'

/** An error as three sentences and an exit code. */
export interface Failure {
  readonly outcome: 'failed' | 'bug'
  readonly code: string
  readonly what: string
  readonly state: string
  readonly todo: string
  readonly exitCode: ExitCode
}

/** What a person has given and cannot be used. */
const UNUSABLE: ReadonlySet<string> = new Set(['ERR_CONFIG', 'ERR_PLAN'])

const UNTOUCHED = 'Nothing was changed.'

/**
 * What to tell about an error that a command threw. A run returns its outcome and throws only bugs;
 * every other error comes from before a run or from a command that changes nothing.
 */
export function describeFailure(error: unknown): Failure {
  if (error instanceof UsageError) {
    const { message: what, todo } = error
    return { outcome: 'failed', code: 'USAGE', what, state: UNTOUCHED, todo, exitCode: EXIT.usage }
  }
  if (!isRotatorError(error)) return bug(error)
  const { code, hint: todo } = error
  const what = error.code === 'ERR_CONFIG' ? configProblems(error.details) : error.message
  const exitCode = UNUSABLE.has(code) ? EXIT.usage : EXIT.failed
  return { outcome: 'failed', code, what, state: UNTOUCHED, todo, exitCode }
}

/** Problems that name their line stand alone; others need the file in front. */
function configProblems(details: { file: string; path: string; problem: string }): string {
  const { file, path, problem } = details
  const lines = problem.startsWith(`${file}:`)
    ? problem.split('\n')
    : [[file, path, problem].filter((part) => part !== '').join(' ')]
  return ['The configuration cannot be used. (ERR_CONFIG)', ...lines].join('\n  ')
}

/** An unclassified message may hold anything, so only the invariant that it names is shown. */
function bug(error: unknown): Failure {
  const name = error instanceof Error ? error.name : typeof error
  const invariant = error instanceof Error ? /^I[1-6](?=: )/.exec(error.message)?.[0] : undefined
  const broken = invariant === undefined ? '' : `, invariant ${invariant}`
  return {
    outcome: 'bug',
    code: 'BUG',
    what: `This is a bug in cuedot (${name}${broken}).`,
    state:
      'Unknown to this process. Whatever was begun is recorded in the secret, and running again ' +
      'is safe: cuedot looks at what is true before it does anything.',
    todo: 'Run again, and open an issue in cuedot’s repository with the output of CUEDOT_DEBUG=1.',
    exitCode: EXIT.bug,
  }
}

/** Where the error came from, without its message. */
export function stackOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  return frames.length > 0 ? frames.join('\n') : '    (no stack)'
}
