import { randomBytes, randomUUID } from 'node:crypto'
import { AwsRefusal } from './aws-refusal.ts'

/** One version as the service keeps it. A version that RotateSecret announced has no value yet. */
export interface FakeVersion {
  readonly id: string
  readonly createdAt: Date
  readonly labels: readonly string[]
  readonly text?: string
  /** Base64, as on the wire. */
  readonly binary?: string
}

/** One secret; immutable, so that the state before a write can still be read. */
export interface FakeSecret {
  readonly name: string
  readonly arn: string
  /** In the order in which they were made. */
  readonly versions: readonly FakeVersion[]
  readonly createdAt: Date
  /** When anything of it was last changed. */
  readonly changedAt: Date
  readonly deletedAt?: Date
  readonly rotation?: FakeRotation
  /** The service that made it and alone may write it. */
  readonly owner?: FakeOwner
}

/** Whose a managed secret is, and the ARN in its tag. */
export interface FakeOwner {
  readonly service: string
  readonly tag: string
  readonly resource: string
}

/** How a secret is rotated. There is nobody who does it. */
export interface FakeRotation {
  readonly enabled: boolean
  /** Of the function that AWS would invoke. */
  readonly lambdaArn?: string
  /** As on the wire. */
  readonly rules?: {
    readonly AutomaticallyAfterDays?: number
    readonly ScheduleExpression?: string
    readonly Duration?: string
  }
  readonly lastRotatedAt?: Date
  readonly nextAt?: Date
}

/** What a version holds: text or base64. */
export interface FakeValue {
  readonly text?: string
  readonly binary?: string
}

/** A secret without versions. The six characters at the end of the ARN are random, as AWS's are. */
export function newSecret(name: string): FakeSecret {
  const suffix = randomBytes(3).toString('hex')
  const arn = `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-${suffix}`
  const createdAt = new Date()
  return { name, arn, versions: [], createdAt, changedAt: createdAt }
}

/** The version that has the label, if one has. */
export function holderOf(secret: FakeSecret, label: string): FakeVersion | undefined {
  return secret.versions.find((version) => version.labels.includes(label))
}

/** The version with that id, if there is one. */
export function versionOf(secret: FakeSecret, id: string): FakeVersion | undefined {
  return secret.versions.find((version) => version.id === id)
}

/**
 * Adds a version, or does nothing when the token and the value are those of an earlier call.
 * Without labels AWSCURRENT moves to it; the first version of a secret gets AWSCURRENT in any case.
 * @throws AwsRefusal ResourceExistsException for a token that stands for another value
 * @see AWS Secrets Manager API reference, PutSecretValue, ClientRequestToken and VersionStages
 */
export function putVersion(
  secret: FakeSecret,
  value: FakeValue,
  options: { readonly token?: string; readonly labels?: readonly string[] },
): { readonly secret: FakeSecret; readonly version: FakeVersion } {
  const id = options.token ?? randomUUID()
  const earlier = versionOf(secret, id)
  if (earlier && hasValue(earlier)) {
    if (earlier.text === value.text && earlier.binary === value.binary)
      return { secret, version: earlier }
    throw new AwsRefusal('ResourceExistsException', 'the token is in use for another value')
  }
  const version = { id, createdAt: new Date(), ...value, labels: earlier?.labels ?? [] }
  const others = secret.versions.filter((other) => other.id !== id)
  const asked = options.labels ?? ['AWSCURRENT']
  const labels = others.some(hasValue) ? asked : [...new Set([...asked, 'AWSCURRENT'])]
  let changed: FakeSecret = { ...secret, versions: [...others, version] }
  for (const label of labels) changed = attach(changed, label, id)
  return { secret: changed, version: versionOf(changed, id) ?? version }
}

/** True for a version that can be read. */
export function hasValue(version: FakeVersion): boolean {
  return version.text !== undefined || version.binary !== undefined
}

/** Where a label is to be taken from and put. */
export interface LabelMove {
  readonly label: string
  readonly from?: string
  readonly to?: string
}

/**
 * Moves, adds or removes a label; nothing changes when it is refused.
 * @throws AwsRefusal InvalidParameterException when the label sits on another version than
 *   `from`, or AWSCURRENT is to be removed; ResourceNotFoundException for an unknown version
 * @see AWS Secrets Manager API reference, UpdateSecretVersionStage, RemoveFromVersionId: "If the
 *   label is attached and you either do not specify this parameter, or the version ID does not
 *   match, then the operation fails."
 */
export function moveLabel(secret: FakeSecret, { label, from, to }: LabelMove): FakeSecret {
  const known = [from, to].every((id) => id === undefined || versionOf(secret, id) !== undefined)
  if (!known) throw new AwsRefusal('ResourceNotFoundException', 'no such version')
  const holder = holderOf(secret, label)?.id
  if (from !== holder) throw wrong(`${label} is not attached to the version in RemoveFromVersionId`)
  if (to === undefined) {
    if (label === 'AWSCURRENT') throw wrong('AWSCURRENT can be moved and not removed')
    return detach(secret, label)
  }
  if (to === holder) throw wrong(`${label} is attached to that version already`)
  return attach(secret, label, to)
}

function wrong(message: string): AwsRefusal {
  return new AwsRefusal('InvalidParameterException', message)
}

/** A label is on one version; AWSPREVIOUS goes to the version that AWSCURRENT leaves. */
function attach(secret: FakeSecret, label: string, id: string): FakeSecret {
  const left = label === 'AWSCURRENT' ? holderOf(secret, label)?.id : undefined
  const without = detach(secret, label)
  const versions = without.versions.map((version) =>
    version.id === id ? { ...version, labels: [...version.labels, label] } : version,
  )
  const attached = { ...without, versions }
  return left === undefined || left === id ? attached : attach(attached, 'AWSPREVIOUS', left)
}

function detach(secret: FakeSecret, label: string): FakeSecret {
  const versions = secret.versions.map((version) => ({
    ...version,
    labels: version.labels.filter((other) => other !== label),
  }))
  return { ...secret, versions }
}
