import { RotatorError } from '../errors.ts'
import { fingerprint } from './canonical.ts'
import { messageFor, problemsOf } from './problems.ts'
import { configSchema } from './schema.ts'
import type { Config } from './types.ts'

/**
 * Checks a configuration that a program has composed.
 *
 * @param source - what it was composed from, for messages
 * @throws ERR_CONFIG with every problem at once, one a line
 */
export function parsePlainConfig(plain: unknown, source: string): Config {
  const parsed = configSchema(process.cwd()).safeParse(plain, { error: messageFor })
  if (parsed.success) return { file: source, ...parsed.data, fingerprints: fingerprintsOf(plain) }
  const problems = problemsOf(parsed.error.issues).map(({ path, problem }) => {
    const name = path.map(String).join('.')
    return { path: name, text: `${source}: ${name} ${problem}` }
  })
  throw unusable(source, problems)
}

/** What tells one configuration of a target from another, by the names of the targets. */
export function fingerprintsOf(plain: unknown): Readonly<Record<string, string>> {
  const targets = isObject(plain) && 'targets' in plain ? plain.targets : undefined
  const entries = isObject(targets) ? Object.entries(targets) : []
  return Object.fromEntries(entries.map(([name, target]) => [name, fingerprint(target)]))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** The error that says all of them, one a line. */
export function unusable(
  file: string,
  problems: readonly { readonly path: string; readonly text: string }[],
): RotatorError {
  return new RotatorError('ERR_CONFIG', {
    file,
    path: problems[0]?.path ?? '',
    problem: problems.map(({ text }) => text).join('\n'),
  })
}
