import type { DescribeSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import { Sensitive } from '@cuedot/client/protocol'
import { RotatorError } from '../../errors.ts'
import type { SecretOwner, SecretVersion } from '../../ports/secret-store.ts'
import type { Connection } from './connect.ts'
import { classify } from './failures.ts'
import type { Operation } from './failures.ts'

/** The staging labels of AWS. */
export type Label = 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS'

/** A version, and the labels it had when it was read. */
export interface Labelled extends SecretVersion {
  readonly labels: readonly string[]
}

/** One call of the port: what is asked of which secret, until when. */
export interface Asking {
  readonly secret: string
  readonly connection: () => Promise<Connection>
  readonly signal: AbortSignal
  readonly seen: Seen
}

/** What answers have told of the secret, and what never changes. */
export interface Seen {
  arn?: string
}

/** The version with this label and this id, as far as they are given. */
export async function version(
  asking: Asking,
  label: Label | undefined,
  wanted?: string,
): Promise<Labelled> {
  const { secret } = asking
  const answer = await ask(asking, 'GetSecretValue', async ({ sdk, client }, options) => {
    const command = new sdk.GetSecretValueCommand({
      SecretId: secret,
      ...(label !== undefined && { VersionStage: label }),
      ...(wanted !== undefined && { VersionId: wanted }),
    })
    return await client.send(command, options)
  })
  const { VersionId: id = wanted ?? '', SecretString: value, CreatedDate: createdAt } = answer
  if (answer.ARN !== undefined) asking.seen.arn = answer.ARN
  if (answer.SecretBinary !== undefined) throw unreadable(secret, id, 'it is binary')
  if (value === undefined) throw unreadable(secret, id, 'it has no value')
  return {
    id,
    value: new Sensitive(value, `${label ?? id} of ${secret}`),
    createdAt: createdAt ?? new Date(0),
    labels: answer.VersionStages ?? [],
  }
}

/** What is told of a secret without its value. */
export interface Description {
  readonly arn: string
  /** Undefined for a secret for which rotation was never configured. */
  readonly rotationEnabled: boolean | undefined
  readonly labels: Readonly<Record<string, readonly string[]>>
  /** Marked for deletion: it cannot be read any more. */
  readonly deleted: boolean
  readonly owner: SecretOwner | undefined
}

/** By its own request: no value is read. */
export async function describe(asking: Asking): Promise<Description> {
  const answer = await ask(asking, 'DescribeSecret', async ({ sdk, client }, options) => {
    const command = new sdk.DescribeSecretCommand({ SecretId: asking.secret })
    return await client.send(command, options)
  })
  return {
    arn: answer.ARN ?? asking.secret,
    rotationEnabled: answer.RotationEnabled,
    labels: answer.VersionIdsToStages ?? {},
    deleted: answer.DeletedDate !== undefined,
    owner: ownerOf(answer),
  }
}

type Described = Pick<DescribeSecretCommandOutput, 'ARN' | 'OwningService' | 'Tags'>

/** RDS tags its secrets with what they belong to: one of these two. */
const RESOURCE_TAGS = ['aws:rds:primaryDBInstanceArn', 'aws:rds:primaryDBClusterArn']

/**
 * @see AWS Secrets Manager user guide, "Secrets managed by other AWS services" (OwningService, the
 *   prefix `rds!` of the name) and AWS managed policy AmazonRDSServiceRolePolicy (the tags)
 */
function ownerOf({ ARN: arn, OwningService: service, Tags }: Described): SecretOwner | undefined {
  if (service === undefined || arn === undefined) return undefined
  const resource = Tags?.find(({ Key }) => RESOURCE_TAGS.includes(Key ?? ''))?.Value
  return { service, arn, ...(resource !== undefined && { resource }) }
}

/** Runs one action; every failure leaves as a classified error. */
export async function ask<T>(
  { secret, connection, signal }: Asking,
  operation: Operation,
  run: (connection: Connection, options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const connected = await connection()
  try {
    // Past this line an abort no longer proves that nothing was sent.
    signal.throwIfAborted()
    return await run(connected, { abortSignal: signal })
  } catch (error) {
    throw classify(error, { secret, operation, signal })
  }
}

/** The error for a version that is there and cannot be used. */
export function unreadable(secret: string, id: string, problem: string): RotatorError {
  return new RotatorError('ERR_STORE_UNREADABLE', { secret, version: id, problem })
}
