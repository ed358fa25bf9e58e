import type * as Sdk from '@aws-sdk/client-cloudwatch-logs'
import { RotatorError, isRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import { awsConfig, demandRegion, once } from '../common/aws-client.ts'
import type { AwsOptions } from '../common/aws-client.ts'
import { failureOf, isThrottled, summaryOf } from '../common/aws-failures.ts'

/** Which log stream. */
export interface LogStreamOptions extends AwsOptions {
  readonly group: string
  readonly stream: string
}

/** A log stream that is read from its beginning. */
export interface LogStream {
  /**
   * The messages that have come since the last time, oldest first, each of them once. None while
   * the stream is not there: the first message makes it.
   * @throws ERR_LOG_UNREADABLE; ERR_CONFIG when no region is set anywhere
   */
  read(call: Call): Promise<readonly string[]>
}

/** Longest way in one read: 100 pages of at most 1 MB. */
const MOST_PAGES = 100

/**
 * Reads one log stream of CloudWatch Logs. Connects to nothing before the first read.
 * @see Amazon CloudWatch Logs API reference, GetLogEvents: at the end of the stream the token that
 *   comes back is the one that was sent
 */
export function logStream(options: LogStreamOptions): LogStream {
  const { group, stream } = options
  const connection = once(async () => {
    const sdk = await import('@aws-sdk/client-cloudwatch-logs')
    const client = new sdk.CloudWatchLogsClient(awsConfig(options))
    await demandRegion(client.config.region)
    return { sdk, client }
  })
  const place = { logGroupName: group, logStreamName: stream, startFromHead: true }
  let token: string | undefined
  return {
    read: async ({ signal }) => {
      const { sdk, client } = await connection()
      const messages: string[] = []
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const input = { ...place, ...(token !== undefined && { nextToken: token }) }
        const answer = await send({ sdk, client, input, signal, log: `${group}/${stream}` })
        messages.push(...(answer.events ?? []).map(({ message = '' }) => message))
        const next = answer.nextForwardToken
        if (next === undefined || next === token) break
        token = next
      }
      return messages
    },
  }
}

interface Question {
  readonly sdk: typeof Sdk
  readonly client: Sdk.CloudWatchLogsClient
  readonly input: Sdk.GetLogEventsCommandInput
  readonly signal: AbortSignal
  readonly log: string
}

async function send(question: Question): Promise<Sdk.GetLogEventsCommandOutput | Nothing> {
  const { sdk, client, input, signal, log } = question
  try {
    return await client.send(new sdk.GetLogEventsCommand(input), { abortSignal: signal })
  } catch (error) {
    if (isRotatorError(error)) throw error
    const failure = failureOf(error)
    if (failure.name === 'ResourceNotFoundException') return {}
    if (signal.aborted && isRotatorError(signal.reason)) throw signal.reason
    const problem = isThrottled(failure) ? 'throttled' : failure.name || failure.code || 'no answer'
    const details = { log, action: 'logs:GetLogEvents', problem }
    throw new RotatorError('ERR_LOG_UNREADABLE', details, { cause: new Error(summaryOf(failure)) })
  }
}

/** What is read where nothing is yet. */
interface Nothing {
  readonly events?: readonly Sdk.OutputLogEvent[]
  readonly nextForwardToken?: string
}
