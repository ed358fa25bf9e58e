/** One permission that the adapter needs, and for what. */
export interface IamAction {
  /** As written in a policy: `service:Action`. */
  readonly action: string
  /** One sentence. */
  readonly why: string
  /** What the statement's `Resource` names. */
  readonly resource: 'the secret' | "the secret's KMS key"
}

/**
 * Everything the Secrets Manager adapter ever asks AWS for; `docs/iam.md` is made from it and the
 * tests fail on a call of any other action. The KMS actions are needed only where the secret has a
 * key of its own: for `aws/secretsmanager` the service has a grant.
 * @see AWS Secrets Manager user guide, "Secret encryption and decryption in AWS Secrets Manager"
 */
export const iamActions: readonly IamAction[] = [
  {
    action: 'secretsmanager:GetSecretValue',
    why: 'Reads the versions labelled AWSCURRENT, AWSPENDING and AWSPREVIOUS.',
    resource: 'the secret',
  },
  {
    action: 'secretsmanager:DescribeSecret',
    why: 'Tells who owns the secret, why a version is missing or a label could not be moved.',
    resource: 'the secret',
  },
  {
    action: 'secretsmanager:PutSecretValue',
    why: 'Stages a new version with the label AWSPENDING.',
    resource: 'the secret',
  },
  {
    action: 'secretsmanager:UpdateSecretVersionStage',
    why: 'Moves AWSCURRENT to the staged version.',
    resource: 'the secret',
  },
  {
    action: 'kms:Decrypt',
    why: 'Secrets Manager decrypts the value with the key of the secret on our behalf.',
    resource: "the secret's KMS key",
  },
  {
    action: 'kms:GenerateDataKey',
    why: 'Secrets Manager encrypts a new version with the key of the secret on our behalf.',
    resource: "the secret's KMS key",
  },
]

/** What `cuedot versions` asks for beyond {@link iamActions}, and nothing else does. */
export const versionsIamActions: readonly IamAction[] = [
  {
    action: 'secretsmanager:ListSecretVersionIds',
    why: 'Lists the versions with their labels and dates, and no value. Nothing else needs it.',
    resource: 'the secret',
  },
]
