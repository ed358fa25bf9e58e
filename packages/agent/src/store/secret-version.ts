/** What Secrets Manager says about one version of a secret. */
export interface VersionFields {
  readonly arn?: string | undefined
  readonly name?: string | undefined
  readonly versionId: string
  readonly stages?: readonly string[] | undefined
  readonly createdAt?: Date | undefined
  readonly text?: string | undefined
  readonly binary?: Uint8Array | undefined
}

/**
 * One version of a secret. Printed, inspected or turned into JSON it shows its id alone: the value
 * leaves it by `body` and `content`.
 */
export class SecretVersion {
  readonly versionId: string
  readonly #fields: VersionFields

  constructor(fields: VersionFields) {
    this.versionId = fields.versionId
    this.#fields = fields
  }

  /** The same version after its labels have moved. */
  labelled(stages: readonly string[]): SecretVersion {
    return new SecretVersion({ ...this.#fields, stages })
  }

  /**
   * The JSON that AWS's agent answers: `SecretString`, `SecretBinary` (base64) and `VersionStages`
   * only where there is one; `CreatedDate` in seconds since 1970, as a text with the fraction of
   * the second where that is not zero.
   *
   * @see aws/aws-secretsmanager-agent, `aws_secretsmanager_caching/src/output.rs`
   */
  body(): string {
    const { arn, name, versionId, stages, createdAt, text, binary } = this.#fields
    return JSON.stringify({
      ARN: arn ?? null,
      Name: name ?? null,
      VersionId: versionId,
      SecretString: text,
      SecretBinary: binary && Buffer.from(binary).toString('base64'),
      VersionStages: stages,
      CreatedDate: createdAt === undefined ? null : String(createdAt.getTime() / 1000),
    })
  }

  /** The text in UTF-8, or the bytes of a binary secret. */
  content(): Buffer {
    return Buffer.from(this.#fields.text ?? this.#fields.binary ?? '')
  }
}
