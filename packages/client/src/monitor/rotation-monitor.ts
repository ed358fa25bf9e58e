import { demand } from '../credentials/options.ts'
import { surroundings } from '../credentials/surroundings.ts'
import type { DescribeSecret } from './description.ts'
import { toMonitorError } from './errors.ts'
import { rotationHealth } from './health.ts'
import type { RotationHealth } from './health.ts'
import { statusOf } from './status.ts'
import type { RotationStatus } from './status.ts'

/** How secrets are described, and what counts as late. */
export interface MonitorOptions {
  /** `(SecretId) => client.send(new DescribeSecretCommand({ SecretId }))` with the SDK. */
  readonly describe: DescribeSecret
  /**
   * Time after the next rotation's date until it counts as overdue, in milliseconds. 0 to
   * 2,592,000,000 (30 days). Default 3,600,000.
   */
  readonly graceMs?: number
  /**
   * Time without any change of the secret after which a rotation that is in progress counts as
   * overdue, in milliseconds. 60,000 to 2,592,000,000. Default 3,600,000.
   */
  readonly stuckMs?: number
  /** What time it is. Default: by the clock of the process. */
  readonly now?: () => Date
}

/** What Starlight's `RotationMonitor` returns. */
export interface RotationHealthCheck {
  readonly rotation_enabled: boolean
  readonly has_current_version: boolean
  readonly rotation_in_progress: boolean
  readonly last_rotated: Date | null
}

const THIRTY_DAYS_MS = 2_592_000_000
const HOUR_MS = 3_600_000

/**
 * Tells how the rotation of a secret is doing, from one DescribeSecret each time. The secret itself
 * is not read. Needs `secretsmanager:DescribeSecret`.
 */
export class RotationMonitor {
  readonly #describe: DescribeSecret
  readonly #graceMs: number
  readonly #stuckMs: number
  readonly #now: () => Date

  /** @throws CredentialsError `ERR_OPTIONS` */
  constructor(options: MonitorOptions) {
    const { describe, graceMs = HOUR_MS, stuckMs = HOUR_MS, now = surroundings.date } = options
    demand('graceMs', graceMs, [0, THIRTY_DAYS_MS])
    demand('stuckMs', stuckMs, [60_000, THIRTY_DAYS_MS])
    this.#describe = describe
    this.#graceMs = graceMs
    this.#stuckMs = stuckMs
    this.#now = now
  }

  /**
   * @param secretId - name or ARN
   * @throws MonitorError
   */
  async status(secretId: string): Promise<RotationStatus> {
    const description = await this.#describe(secretId).catch((error: unknown) => {
      throw toMonitorError(secretId, error)
    })
    const patience = { graceMs: this.#graceMs, stuckMs: this.#stuckMs }
    return statusOf(secretId, description, { ...patience, now: this.#now() })
  }

  /** For an alarm. @throws MonitorError */
  async health(secretId: string): Promise<RotationHealth> {
    return rotationHealth(await this.status(secretId))
  }

  /** As Starlight has it, but for `rotation_in_progress`, which is true only while one is. */
  async checkRotationHealth(secretArn: string): Promise<RotationHealthCheck> {
    const { rotationEnabled, currentVersionId, inProgress, lastRotated } =
      await this.status(secretArn)
    return {
      rotation_enabled: rotationEnabled,
      has_current_version: currentVersionId !== undefined,
      rotation_in_progress: inProgress,
      last_rotated: lastRotated ?? null,
    }
  }
}
