import * as z from 'zod'
import { similar } from './similar.ts'

/** What is wrong at one place of the configuration. Never a value: it may be a secret. */
export interface Problem {
  /** Keys and indexes from the root. For an unknown key, the key is the last one. */
  readonly path: readonly PropertyKey[]
  readonly problem: string
}

type Issue = z.core.$ZodIssue
type RawIssue = z.core.$ZodRawIssue

/**
 * The message of an issue while its schema is at hand: names the known key that an unknown one
 * resembles. The result is found again by {@link problemsOf}.
 */
export function messageFor(issue: RawIssue): string | undefined {
  if (issue.code !== 'unrecognized_keys' || !(issue.inst instanceof z.ZodObject)) return undefined
  const known = Object.keys(issue.inst.shape)
  return JSON.stringify(
    issue.keys.map((key) => {
      const meant = similar(key, known)
      return meant === undefined
        ? `unknown key; known here: ${known.join(', ')}`
        : `unknown key; did you mean "${meant}"?`
    }),
  )
}

/** Flattens zod's issues: one problem for each place. */
export function problemsOf(
  issues: readonly Issue[],
  within: readonly PropertyKey[] = [],
): readonly Problem[] {
  return issues.flatMap((issue) => {
    const path = [...within, ...issue.path]
    if (issue.code === 'unrecognized_keys') return unknownKeys(issue, path)
    if (issue.code === 'invalid_union') return union(issue, path)
    if (issue.code === 'invalid_key') return problemsOf(issue.issues, path)
    return [{ path, problem: describe(issue) }]
  })
}

function unknownKeys(
  issue: z.core.$ZodIssueUnrecognizedKeys,
  path: readonly PropertyKey[],
): readonly Problem[] {
  const messages: unknown = JSON.parse(issue.message)
  return issue.keys.map((key, index) => {
    const message: unknown = Array.isArray(messages) ? messages[index] : undefined
    return { path: [...path, key], problem: typeof message === 'string' ? message : 'unknown key' }
  })
}

/** The branch whose kind fits what is there explains itself; else all that could stand here. */
function union(
  issue: z.core.$ZodIssueInvalidUnion,
  path: readonly PropertyKey[],
): readonly Problem[] {
  if ('options' in issue && Array.isArray(issue.options))
    return [{ path, problem: `must be one of ${issue.options.join(', ')}` }]
  const inner = issue.errors.find((branch) =>
    branch.some(({ path: at, code }) => at.length > 0 || code === 'unrecognized_keys'),
  )
  if (inner) return problemsOf(inner, path)
  const problems = issue.errors.flat().map((one) => describe(one).replace(/^must be /, ''))
  return [{ path, problem: `must be ${[...new Set(problems)].join(', or ')}` }]
}

const A: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list that is not empty',
  object: 'a mapping of keys',
  record: 'a mapping of keys',
}

function describe(issue: Issue): string {
  // What our schema says itself is better than what follows from the kind of the issue.
  if (!/^(Invalid|Too) /.test(issue.message)) return issue.message
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.endsWith('received undefined')
        ? 'is missing'
        : `must be ${A[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`
    case 'too_small':
      return `must be at least ${String(issue.minimum)}`
    case 'too_big':
      return `must be at most ${String(issue.maximum)}`
    default:
      return 'cannot be used'
  }
}
