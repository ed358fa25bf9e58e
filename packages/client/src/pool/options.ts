import { demand } from '../credentials/options.ts'

/** How patiently a pool moves from one credential to the next. All times in milliseconds. */
export interface RotatingOptions {
  /**
   * Longest time that connections which are in use outlive a swap, or `end()`, before they are cut
   * off. 0 to 86,400,000. Default 30,000.
   */
  readonly drainMs?: number
  /**
   * Longest time that whoever asks for a connection waits for a credential that logs in: for the
   * first one, or for another one after a refusal. 0 to 300,000. Default 10,000.
   */
  readonly loginWaitMs?: number
  /**
   * Time between two test logins with the credential in use, a quarter more or less by chance, so
   * that one that has ceased to work is found before load finds it. 1,000 to 86,400,000, or 0:
   * none. Default 60,000.
   */
  readonly probeMs?: number
}

/** All options, with what was not given filled in. */
export type RotatingSettings = Required<RotatingOptions>

/** @throws CredentialsError `ERR_OPTIONS` names the option and its bounds */
export function rotatingSettings({
  drainMs = 30_000,
  loginWaitMs = 10_000,
  probeMs = 60_000,
}: RotatingOptions): RotatingSettings {
  demand('drainMs', drainMs, [0, 86_400_000])
  demand('loginWaitMs', loginWaitMs, [0, 300_000])
  if (probeMs !== 0) demand('probeMs', probeMs, [1_000, 86_400_000])
  return { drainMs, loginWaitMs, probeMs }
}
