import { CredentialsError } from './errors.ts'

/** How often and how patiently a source is read. All times in milliseconds. */
export interface CredentialsOptions {
  /**
   * Time between two polls, a quarter more or less by chance. 1,000 to 86,400,000, or 0: only when
   * asked. Default: the variable `DB_SECRET_REFRESH_INTERVAL_MS`, else 300,000.
   */
  readonly pollMs?: number
  /** Shortest time from the beginning of one reading to the next. 0 to 60,000. Default 1,000. */
  readonly cooldownMs?: number
  /** Longest wait for one answer of the source. 100 to 300,000. Default 10,000. */
  readonly timeoutMs?: number
}

/** All options, with what was not given filled in. */
export type Settings = Required<CredentialsOptions>

const POLL_VARIABLE = 'DB_SECRET_REFRESH_INTERVAL_MS'

/** @throws CredentialsError `ERR_OPTIONS` names the option and its bounds */
export function settingsOf(
  { pollMs, cooldownMs = 1_000, timeoutMs = 10_000 }: CredentialsOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Settings {
  const variable = environment[POLL_VARIABLE] ?? ''
  const [name, poll] =
    pollMs === undefined && variable !== ''
      ? ([POLL_VARIABLE, Number(variable)] as const)
      : (['pollMs', pollMs ?? 300_000] as const)
  if (poll !== 0) demand(name, poll, [1_000, 86_400_000])
  demand('cooldownMs', cooldownMs, [0, 60_000])
  demand('timeoutMs', timeoutMs, [100, 300_000])
  return { pollMs: poll, cooldownMs, timeoutMs }
}

/** @throws CredentialsError `ERR_OPTIONS` unless the value lies within both bounds */
export function demand(
  name: string,
  value: number,
  [least, most]: readonly [number, number],
): void {
  if (Number.isFinite(value) && value >= least && value <= most) return
  throw new CredentialsError('ERR_OPTIONS', `${name} must be ${least} to ${most} milliseconds`)
}
