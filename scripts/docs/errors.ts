import { page, table } from './page.ts'
import type { Page } from './page.ts'

/** What the catalogue of errors says about one code. */
interface ErrorEntry {
  readonly retry: 'safe' | 'never' | 'observe-first'
  readonly what: string
  readonly hint: string
}

const RETRY: Readonly<Record<ErrorEntry['retry'], string>> = {
  safe: 'The request certainly had no effect; the same call may be made again.',
  never: 'Repeating cannot help; somebody has to change something.',
  'observe-first': 'The request may have had its effect; look before doing anything.',
}

/** What the list of refusals says about one code. */
type RefusalEntry = Pick<ErrorEntry, 'what' | 'hint'>

const SOURCES = 'packages/rotator/src/errors.ts and packages/rotator/src/domain/refusals.ts'

/**
 * `docs/errors.md`: every refusal and operational error, what may be done about it, and what to do.
 */
export function errorsPage(
  catalogue: Readonly<Record<string, ErrorEntry>>,
  refusals: Readonly<Record<string, RefusalEntry>>,
): Page {
  return page('docs/errors.md', 'Errors and refusals', SOURCES, [
    'Match on the code: texts may change, codes do not. The details of an error are names and ' +
      'addresses, never a secret.',
    '## Refusals',
    'The system is fine; acting on it could break a guarantee. Nothing was done, the exit code ' +
      'is 3, and a person must look.',
    table(
      ['Code', 'What was found', 'What to do'],
      Object.entries(refusals).map(([code, { what, hint }]) => [`\`${code}\``, what, hint]),
    ),
    '## Errors',
    table(
      ['Retry', 'What it means'],
      Object.entries(RETRY).map(([retry, meaning]) => [`\`${retry}\``, meaning]),
    ),
    table(
      ['Code', 'What happened', 'What to do', 'Retry'],
      Object.entries(catalogue).map(([code, { what, hint, retry }]) => [
        `\`${code}\``,
        what,
        hint,
        `\`${retry}\``,
      ]),
    ),
  ])
}
