import type { Credentials } from '../credentials/credentials.ts'

/** What EventBridge tells of a secret: a label of it is on another version. */
export interface LabelUpdate {
  readonly name: string
  readonly arn: string
  readonly label: string
  readonly versionId: string
}

/** Events lie in one another this deep at most: SNS in SQS. */
const MOST_LAYERS = 4

/**
 * The update that an event tells of: the event itself as EventBridge hands it to a function, or as
 * the body of a message of SQS, a message of SNS, or the records that Lambda makes of either.
 *
 * Event: `source` `aws.secretsmanager`, `detail-type` `Secret Label Updated`, `detail` with `name`,
 * `labelUpdated` and `versionId`, `resources` with the ARN.
 *
 * @see AWS Secrets Manager user guide, "Match AWS Secrets Manager events with Amazon EventBridge"
 */
export function labelUpdates(event: unknown): readonly LabelUpdate[] {
  return [...updatesIn(event, MOST_LAYERS)]
}

function* updatesIn(event: unknown, layers: number): Generator<LabelUpdate> {
  const known = typeof event === 'string' ? parsed(event) : event
  if (layers === 0 || !isRecord(known)) return
  const { Records: records, body, Message: message, Sns: sns } = known
  if (Array.isArray(records)) for (const each of records) yield* updatesIn(each, layers - 1)
  else if (body !== undefined) yield* updatesIn(body, layers - 1)
  else if (sns !== undefined) yield* updatesIn(sns, layers - 1)
  else if (message !== undefined) yield* updatesIn(message, layers - 1)
  else {
    const update = updateIn(known)
    if (update) yield update
  }
}

function updateIn(event: Readonly<Record<string, unknown>>): LabelUpdate | undefined {
  const { source, 'detail-type': type, detail, resources } = event
  if (source !== 'aws.secretsmanager' || type !== 'Secret Label Updated') return undefined
  if (!isRecord(detail)) return undefined
  const { name, labelUpdated: label, versionId } = detail
  const arn: unknown = Array.isArray(resources) ? resources[0] : undefined
  const isWhole =
    typeof name === 'string' && typeof label === 'string' && typeof versionId === 'string'
  return isWhole ? { name, arn: typeof arn === 'string' ? arn : '', label, versionId } : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Somebody else's message.
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/**
 * Has credentials read anew when an event says that AWSCURRENT of their secret has moved. Resolves
 * with whether one did, once they have been read.
 *
 * @param secretId - name or ARN, as the source has it
 */
export function refreshOnEvents(
  credentials: Pick<Credentials, 'refresh' | 'current'>,
  secretId: string,
): (event: unknown) => Promise<boolean> {
  return async (event) => {
    const news = labelUpdates(event).filter(
      ({ name, arn, label }) => label === 'AWSCURRENT' && (name === secretId || arn === secretId),
    )
    const isKnown = (update: LabelUpdate): boolean =>
      update.versionId === credentials.current?.versionId
    if (news.length === 0) return false
    if (!news.every(isKnown)) await credentials.refresh()
    return true
  }
}
