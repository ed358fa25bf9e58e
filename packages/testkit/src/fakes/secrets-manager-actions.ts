import { randomUUID } from 'node:crypto'
import { AwsRefusal } from './aws-refusal.ts'
import {
  hasValue,
  holderOf,
  moveLabel,
  newSecret,
  putVersion,
  versionOf,
} from './secrets-manager-state.ts'
import type { FakeOwner, FakeRotation, FakeSecret, FakeValue } from './secrets-manager-state.ts'

/** A request's or an answer's JSON object. */
export type Json = Readonly<Record<string, unknown>>

/** The secrets, as an action reads and replaces them. */
export interface Vault {
  /** By name or ARN, also an ARN without its random end. */
  find(id: string): FakeSecret | undefined
  keep(secret: FakeSecret): void
}

/** The largest value in bytes of UTF-8. */
const MAX_BYTES = 65_536

/** The actions of Secrets Manager that are there, each as AWS documents it. */
export const actions: ReadonlyMap<string, (vault: Vault, request: Json) => Json> = new Map([
  ['CreateSecret', createSecret],
  ['DeleteSecret', deleteSecret],
  ['DescribeSecret', describeSecret],
  ['GetSecretValue', getSecretValue],
  ['ListSecretVersionIds', listSecretVersionIds],
  ['PutSecretValue', putSecretValue],
  ['UpdateSecretVersionStage', updateSecretVersionStage],
])

/** The actions that change nothing and may show an earlier state. */
export const READS: ReadonlySet<string> = new Set([
  'DescribeSecret',
  'GetSecretValue',
  'ListSecretVersionIds',
])

function createSecret(vault: Vault, request: Json): Json {
  const name = text(request, 'Name') ?? ''
  if (!/^[\w/+=.@-]{1,512}$/.test(name)) throw wrong('Name')
  const present = vault.find(name)
  const token = tokenOf(request)
  if (present && (token === undefined || !versionOf(present, token)))
    throw new AwsRefusal('ResourceExistsException', `the secret ${name} already exists`)
  const secret = present ?? newSecret(name)
  const value = valueOf(request)
  if (!value) {
    vault.keep(secret)
    return { ARN: secret.arn, Name: secret.name }
  }
  const put = putVersion(secret, value, { token: token ?? randomUUID() })
  vault.keep(put.secret)
  return { ARN: secret.arn, Name: secret.name, VersionId: put.version.id }
}

function deleteSecret(vault: Vault, request: Json): Json {
  const secret = writable(existing(vault, request))
  const deletedAt = new Date()
  vault.keep({ ...secret, deletedAt })
  return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds(deletedAt) }
}

function describeSecret(vault: Vault, request: Json): Json {
  const secret = existing(vault, request)
  const labelled = secret.versions.filter(({ labels }) => labels.length > 0)
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionIdsToStages: Object.fromEntries(labelled.map(({ id, labels }) => [id, labels])),
    CreatedDate: seconds(secret.createdAt),
    LastChangedDate: seconds(secret.changedAt),
    ...(secret.rotation && rotatedAs(secret.rotation)),
    ...(secret.deletedAt && { DeletedDate: seconds(secret.deletedAt) }),
    ...(secret.owner && ownedBy(secret.owner)),
  }
}

/**
 * @see AWS Secrets Manager API reference, DescribeSecret, LastRotatedDate and NextRotationDate:
 *   none where rotation has been disabled
 */
function rotatedAs(rotation: FakeRotation): Json {
  const { enabled, lambdaArn, rules, lastRotatedAt, nextAt } = rotation
  return {
    RotationEnabled: enabled,
    ...(lambdaArn !== undefined && { RotationLambdaARN: lambdaArn }),
    ...(rules && { RotationRules: rules }),
    ...(enabled && lastRotatedAt && { LastRotatedDate: seconds(lastRotatedAt) }),
    ...(enabled && nextAt && { NextRotationDate: seconds(nextAt) }),
  }
}

function ownedBy({ service, tag, resource }: FakeOwner): Json {
  const Tags = [
    { Key: tag, Value: resource },
    { Key: 'aws:secretsmanager:owningService', Value: service },
  ]
  return { OwningService: service, Tags }
}

function getSecretValue(vault: Vault, request: Json): Json {
  const secret = usable(vault, request)
  const id = text(request, 'VersionId')
  const label = text(request, 'VersionStage') ?? (id === undefined ? 'AWSCURRENT' : undefined)
  const version = id === undefined ? holderOf(secret, label ?? '') : versionOf(secret, id)
  if (!version || !hasValue(version))
    throw new AwsRefusal(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for ${label ?? id ?? ''}`,
    )
  if (label !== undefined && !version.labels.includes(label))
    throw new AwsRefusal('InvalidRequestException', 'the label is not on that version')
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    VersionStages: version.labels,
    CreatedDate: seconds(version.createdAt),
    ...(version.text !== undefined && { SecretString: version.text }),
    ...(version.binary !== undefined && { SecretBinary: version.binary }),
  }
}

function listSecretVersionIds(vault: Vault, request: Json): Json {
  const secret = existing(vault, request)
  const all = request['IncludeDeprecated'] === true
  const versions = secret.versions.filter(({ labels }) => all || labels.length > 0)
  return {
    ARN: secret.arn,
    Name: secret.name,
    Versions: versions.map(({ id, labels, createdAt }) => ({
      VersionId: id,
      VersionStages: labels,
      CreatedDate: seconds(createdAt),
    })),
  }
}

function putSecretValue(vault: Vault, request: Json): Json {
  const secret = ours(vault, request)
  const value = valueOf(request)
  if (!value) throw wrong('SecretString or SecretBinary')
  const labels = request['VersionStages']
  const token = tokenOf(request)
  const put = putVersion(secret, value, {
    ...(token !== undefined && { token }),
    ...(Array.isArray(labels) && { labels: labels.map(String) }),
  })
  vault.keep(put.secret)
  const { id, labels: attached } = put.version
  return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: attached }
}

function updateSecretVersionStage(vault: Vault, request: Json): Json {
  const secret = ours(vault, request)
  const label = text(request, 'VersionStage')
  if (label === undefined) throw wrong('VersionStage')
  const from = text(request, 'RemoveFromVersionId')
  const to = text(request, 'MoveToVersionId')
  const move = { label, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  vault.keep(moveLabel(secret, move))
  return { ARN: secret.arn, Name: secret.name }
}

function existing(vault: Vault, request: Json): FakeSecret {
  const secret = vault.find(text(request, 'SecretId') ?? '')
  if (!secret)
    throw new AwsRefusal(
      'ResourceNotFoundException',
      "Secrets Manager can't find the specified secret.",
    )
  return secret
}

function usable(vault: Vault, request: Json): FakeSecret {
  const secret = existing(vault, request)
  if (secret.deletedAt)
    throw new AwsRefusal('InvalidRequestException', 'the secret is marked for deletion')
  return secret
}

function ours(vault: Vault, request: Json): FakeSecret {
  return writable(usable(vault, request))
}

/**
 * @see AWS Secrets Manager API reference, PutSecretValue, Errors, InvalidRequestException: "The
 *   secret is managed by another service, and you must use that service to update it."
 */
function writable(secret: FakeSecret): FakeSecret {
  if (!secret.owner) return secret
  throw new AwsRefusal('InvalidRequestException', 'the secret is managed by another service')
}

function valueOf(request: Json): FakeValue | undefined {
  const string = text(request, 'SecretString')
  const binary = text(request, 'SecretBinary')
  if (string !== undefined && binary !== undefined) throw wrong('SecretString and SecretBinary')
  if (Buffer.byteLength(string ?? '') > MAX_BYTES) throw wrong('SecretString: too long')
  if (string !== undefined) return { text: string }
  return binary === undefined ? undefined : { binary }
}

function tokenOf(request: Json): string | undefined {
  const token = text(request, 'ClientRequestToken')
  if (token !== undefined && (token.length < 32 || token.length > 64))
    throw wrong('ClientRequestToken must be 32-64 characters long')
  return token
}

function wrong(what: string): AwsRefusal {
  return new AwsRefusal('InvalidParameterException', what)
}

function text(request: Json, key: string): string | undefined {
  const value = request[key]
  return typeof value === 'string' ? value : undefined
}

/** Times travel as seconds since 1970. */
function seconds(time: Date): number {
  return time.getTime() / 1000
}
