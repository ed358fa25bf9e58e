import type { RotationEngine } from '@cuedot/client/protocol'
import type { FunctionPlace } from './rotation-function.ts'
import type { FourStepStrategy, SessionPolicy } from '../domain/four-steps.ts'
import { DEFAULT_PASSWORD_RULES, rulesProblem } from '../domain/password-rules.ts'
import type { CharacterKind, PasswordRules } from '../domain/password-rules.ts'
import type { FourStepOptions } from '../engine/four-steps/types.ts'
import { RotatorError } from '../errors.ts'

/** Environment variables, by name. */
export type Variables = Readonly<Record<string, string | undefined>>

/** What a function is told by its environment. */
export interface FunctionSettings {
  readonly place: Omit<FunctionPlace, 'secret'>
  readonly options: FourStepOptions
}

const STRATEGIES: readonly FourStepStrategy[] = ['single-user', 'alternating', 'dual-password']
const POLICIES: readonly SessionPolicy[] = ['refuse', 'wait', 'proceed']
const ENGINES: readonly RotationEngine[] = ['postgres', 'mysql', 'mariadb']

/** Of Lambda's 900 s at most, one call of a port gets so much. */
const CALL_LIMIT_MS = 30_000
const PROVE_LIMIT_MS = 60_000

/**
 * Reads the variables of AWS's templates (`EXCLUDE_CHARACTERS`, `PASSWORD_LENGTH`, `EXCLUDE_…`,
 * `REQUIRE_EACH_INCLUDED_TYPE`, `SECRETS_MANAGER_ENDPOINT`) and ours (`CUEDOT_STRATEGY`,
 * `CUEDOT_ENGINE`, `CUEDOT_MASTER_ARN`, `CUEDOT_OLD_SESSIONS`, `CUEDOT_TLS_CA`). An empty one
 * counts as not set.
 *
 * @throws ERR_CONFIG naming the variable
 */
export function readSettings(variables: Variables): FunctionSettings {
  const text = (name: string): string | undefined =>
    variables[name] === '' ? undefined : variables[name]
  const endpoint = text('SECRETS_MANAGER_ENDPOINT')
  const tlsCa = text('CUEDOT_TLS_CA')
  const strategy = oneOf(STRATEGIES, 'CUEDOT_STRATEGY', text)
  const engine = oneOf(ENGINES, 'CUEDOT_ENGINE', text)
  const masterarn = text('CUEDOT_MASTER_ARN')
  return {
    place: {
      ...(endpoint !== undefined && { endpoint }),
      ...(tlsCa !== undefined && { tlsCa }),
    },
    options: {
      ...(strategy && { strategy }),
      ...(engine && { engine }),
      ...(masterarn !== undefined && { masterarn }),
      sessions: oneOf(POLICIES, 'CUEDOT_OLD_SESSIONS', text) ?? 'wait',
      password: readRules(variables, text),
      callLimitMs: CALL_LIMIT_MS,
      proveLimitMs: PROVE_LIMIT_MS,
    },
  }
}

type Text = (name: string) => string | undefined

function oneOf<T extends string>(all: readonly T[], name: string, text: Text): T | undefined {
  const value = text(name)
  if (value === undefined) return undefined
  const found = all.find((one) => one === value)
  if (found !== undefined) return found
  throw config(name, `must be one of ${all.join(', ')}`)
}

const WITHOUT: Readonly<Record<string, CharacterKind>> = {
  EXCLUDE_NUMBERS: 'numbers',
  EXCLUDE_PUNCTUATION: 'punctuation',
  EXCLUDE_UPPERCASE: 'uppercase',
  EXCLUDE_LOWERCASE: 'lowercase',
}

/** `EXCLUDE_CHARACTERS` may be set and empty: then nothing is excluded. */
function readRules(variables: Variables, text: Text): PasswordRules {
  const rules = {
    length: Number(text('PASSWORD_LENGTH') ?? DEFAULT_PASSWORD_RULES.length),
    exclude: variables['EXCLUDE_CHARACTERS'] ?? DEFAULT_PASSWORD_RULES.exclude,
    without: Object.entries(WITHOUT).flatMap(([name, kind]) => (isYes(text(name)) ? [kind] : [])),
    requireEach: isYes(text('REQUIRE_EACH_INCLUDED_TYPE') ?? 'true'),
  }
  const problem = rulesProblem(rules)
  if (problem !== undefined) throw config('PASSWORD_LENGTH and EXCLUDE_*', problem)
  return rules
}

/** As AWS's templates read it. */
function isYes(value: string | undefined): boolean {
  return value !== undefined && ['true', '1', 'y', 'yes'].includes(value.toLowerCase())
}

function config(path: string, problem: string): RotatorError {
  return new RotatorError('ERR_CONFIG', { file: 'environment', path, problem })
}
