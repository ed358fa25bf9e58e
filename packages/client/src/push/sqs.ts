import { retryPauseMs } from '../credentials/pauses.ts'
import { surroundings } from '../credentials/surroundings.ts'
import { Timers } from '../credentials/timers.ts'
import { Pauses } from '../pool/pauses.ts'

/** Of the client `SQS` of `@aws-sdk/client-sqs`, what is used. */
export interface Sqs {
  receiveMessage(
    input: {
      readonly QueueUrl: string
      readonly MaxNumberOfMessages: number
      readonly WaitTimeSeconds: number
    },
    options: { readonly abortSignal: AbortSignal },
  ): Promise<{ readonly Messages?: readonly SqsMessage[] | undefined }>
  deleteMessage(input: {
    readonly QueueUrl: string
    readonly ReceiptHandle: string
  }): Promise<unknown>
}

/** A message, as far as it is read. */
export interface SqsMessage {
  readonly Body?: string | undefined
  readonly ReceiptHandle?: string | undefined
}

/** Which queue, and what is done with what comes. */
export interface SqsOptions {
  /** `new SQS({ … })`; its own retries and timeouts apply. */
  readonly sqs: Sqs
  /** A queue of this process alone: a message is handed to one receiver, and every one needs it. */
  readonly queueUrl: string
  /** Of `refreshOnEvents`. A message is deleted when it resolves, and comes again otherwise. */
  readonly handle: (event: unknown) => Promise<boolean>
  /** Is told of what goes wrong; the receiver goes on. Default: nobody is. */
  readonly onTrouble?: (error: unknown, failures: number) => void
}

/** A loop that receives. */
export interface SqsReceiver {
  /** Receives nothing more. Resolves when nothing is in hand. */
  close(): Promise<void>
}

/**
 * Receives from a queue until it is closed. It waits 20 seconds for each answer, the longest that
 * SQS allows; while the queue cannot be asked, 1 second to 30 between two attempts. It keeps the
 * process alive: close it where the application ends.
 *
 * @see Amazon SQS API reference, ReceiveMessage: WaitTimeSeconds 0 to 20, MaxNumberOfMessages 1 to
 *   10; DeleteMessage
 */
export function receiveFromSqs(options: SqsOptions): SqsReceiver {
  const stop = new AbortController()
  const timers = new Timers()
  const pauses = new Pauses(timers)
  const ended = timers.during(receive(options, { signal: stop.signal, pauses }))
  return {
    async close() {
      stop.abort()
      pauses.wake()
      await ended
    },
  }
}

const LONGEST_WAIT_S = 20
const MOST_MESSAGES = 10

async function receive(
  { sqs, queueUrl, handle, onTrouble }: SqsOptions,
  { signal, pauses }: { readonly signal: AbortSignal; readonly pauses: Pauses },
): Promise<void> {
  const asked = {
    ...{ QueueUrl: queueUrl, MaxNumberOfMessages: MOST_MESSAGES },
    WaitTimeSeconds: LONGEST_WAIT_S,
  }
  const take = async ({ Body, ReceiptHandle }: SqsMessage): Promise<void> => {
    await handle(Body)
    if (ReceiptHandle !== undefined) await sqs.deleteMessage({ QueueUrl: queueUrl, ReceiptHandle })
  }
  for (let failures = 0; !signal.aborted;) {
    try {
      const { Messages = [] } = await sqs.receiveMessage(asked, { abortSignal: signal })
      for (const message of Messages) await take(message)
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      failures += 1
      onTrouble?.(error, failures)
      await pauses.pause(retryPauseMs(failures, surroundings.chance()))
    }
  }
}
