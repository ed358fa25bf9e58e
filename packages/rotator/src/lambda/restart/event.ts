import { createHash } from 'node:crypto'

/** AWSCURRENT of a secret is on another version. */
export interface Change {
  /** ARN; empty where the event does not say. */
  readonly secret: string
  /** The id of that version. CloudTrail does not say. */
  readonly version?: string
  /** The same for an event that is delivered again, and for no other: 64 hexadecimal digits. */
  readonly token: string
}

/** An event that restarts nothing. */
export interface Ignored {
  readonly ignored: string
}

type Fields = Readonly<Record<string, unknown>>

/**
 * What an event of EventBridge tells: `Secret Label Updated`, which Secrets Manager sends itself,
 * or `RotationSucceeded`, which CloudTrail does. A label may come back to a version that it has
 * left, so the version alone does not tell one event from another: its time does, too.
 *
 * @see AWS Secrets Manager user guide, "Secret Label Updated event" and "CloudTrail entries for
 *   Secrets Manager"; AWS CloudTrail user guide, "AWS service events" (`AWS Service Event via
 *   CloudTrail`); Amazon EventBridge user guide: an event may be delivered more than once
 */
export function parseChange(event: unknown): Change | Ignored {
  const { source, time, resources, 'detail-type': type, detail } = fieldsOf(event)
  const details = fieldsOf(detail)
  if (source !== 'aws.secretsmanager') return { ignored: 'it is no event of Secrets Manager' }
  if (type === 'Secret Label Updated') {
    const { labelUpdated, versionId } = details
    if (labelUpdated !== 'AWSCURRENT') return { ignored: 'another label than AWSCURRENT has moved' }
    const secret = textOf(Array.isArray(resources) ? resources[0] : undefined)
    const version = textOf(versionId)
    return { secret, version, token: tokenOf([secret, version, textOf(time)]) }
  }
  if (type === 'AWS Service Event via CloudTrail' && details['eventName'] === 'RotationSucceeded') {
    const secret = textOf(fieldsOf(details['additionalEventData'])['SecretId'])
    return { secret, token: tokenOf([secret, textOf(details['eventID']), textOf(time)]) }
  }
  return { ignored: 'it does not tell of a version that has become the current one' }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function tokenOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
