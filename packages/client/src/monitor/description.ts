/**
 * What is used of the answer of DescribeSecret. The SDK's `DescribeSecretCommandOutput` is one.
 *
 * @see AWS Secrets Manager API reference, DescribeSecret, "Response Elements"; RotationRulesType
 */
export interface SecretDescription {
  readonly ARN?: string | undefined
  /** Absent: rotation was never turned on. */
  readonly RotationEnabled?: boolean | undefined
  readonly RotationRules?: RotationRules | undefined
  /** When Secrets Manager last rotated the secret; absent while rotation is off. */
  readonly LastRotatedDate?: Date | undefined
  /** When anything of the secret was last changed, its labels and tags among it. */
  readonly LastChangedDate?: Date | undefined
  /**
   * The latest time at which the next rotation occurs. It is in the past where rotations fail.
   * Absent while rotation is off.
   */
  readonly NextRotationDate?: Date | undefined
  /** When the secret will be deleted. Absent unless that was asked for. */
  readonly DeletedDate?: Date | undefined
  /** The service that has made the secret and rotates it, as `rds`. */
  readonly OwningService?: string | undefined
  /** Staging labels by version id; a version without labels is not listed. */
  readonly VersionIdsToStages?: Readonly<Record<string, readonly string[]>> | undefined
}

/** When Secrets Manager rotates. After rotation was turned off it still shows what was. */
export interface RotationRules {
  /** 1 to 1,000. With a `ScheduleExpression` Secrets Manager works it out from that. */
  readonly AutomaticallyAfterDays?: number | undefined
  /** `rate(10 days)`, `rate(4 hours)`, `cron(…)`; in UTC. */
  readonly ScheduleExpression?: string | undefined
  /** Length of the window in which it rotates, as `3h`. */
  readonly Duration?: string | undefined
}

/**
 * Describes a secret, by name or ARN. With the SDK:
 * `(SecretId) => client.send(new DescribeSecretCommand({ SecretId }))`.
 */
export type DescribeSecret = (secretId: string) => Promise<SecretDescription>
