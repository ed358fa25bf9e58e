// Goal: an event in a queue has the credentials read anew, and no failure ends the receiver.
// Method: the real SDK against moto's queue; where moto is not installed, that is printed.
import { SQS } from '@aws-sdk/client-sqs'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { AWS_ENVIRONMENT } from '../../testkit/src/rig/rig.ts'
import { startMoto } from '../../testkit/src/servers/moto.ts'
import { receiveFromSqs } from '../src/push/sqs.ts'
import type { SqsOptions, SqsReceiver } from '../src/push/sqs.ts'

for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value)
const moto = await startMoto()
afterAll(async () => {
  await moto?.[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

interface Queue extends AsyncDisposable {
  readonly url: string
  readonly sqs: SQS
  send(body: string): Promise<void>
  /** Messages that nobody has deleted. */
  left(): Promise<number>
}

let made = 0

async function makeQueue(endpoint: string): Promise<Queue> {
  const sqs = new SQS({ region: 'eu-central-1', endpoint, maxAttempts: 1 })
  const attributes = { VisibilityTimeout: '0' }
  const { QueueUrl: url = '' } = await sqs.createQueue({
    ...{ QueueName: `events-${++made}`, Attributes: attributes },
  })
  return {
    ...{ url, sqs },
    send: async (MessageBody) => void (await sqs.sendMessage({ QueueUrl: url, MessageBody })),
    async left() {
      const { Attributes = {} } = await sqs.getQueueAttributes({
        ...{ QueueUrl: url, AttributeNames: ['ApproximateNumberOfMessages'] },
      })
      return Number(Attributes['ApproximateNumberOfMessages'])
    },
    [Symbol.asyncDispose]: async () => sqs.destroy(),
  }
}

describe.runIf(moto)('a receiver from SQS', () => {
  let queue: Queue

  beforeEach(async () => {
    if (moto) queue = await makeQueue(moto.endpoint)
    return () => queue[Symbol.asyncDispose]()
  })

  const receiving = (options: Partial<SqsOptions>): SqsReceiver =>
    receiveFromSqs({ sqs: queue.sqs, queueUrl: queue.url, handle: async () => true, ...options })

  test('hands each message over and deletes it', async () => {
    const seen = new Set<unknown>()
    const receiver = receiving({
      handle: async (event) => {
        seen.add(event)
        return true
      },
    })
    for (const body of ['{"a":1}', '{"a":2}']) await queue.send(body)
    await vi.waitFor(() => expect(seen).toEqual(new Set(['{"a":1}', '{"a":2}'])), 30_000)
    await vi.waitFor(async () => expect(await queue.left()).toBe(0), 30_000)
    await receiver.close()
  })

  test('is handed a message again that could not be handled', async () => {
    let times = 0
    const troubles: number[] = []
    const receiver = receiving({
      handle: async () => {
        times += 1
        if (times === 1) throw new Error('not now')
        return true
      },
      onTrouble: (_error, failures) => troubles.push(failures),
    })
    await queue.send('{}')
    await vi.waitFor(async () => expect(await queue.left()).toBe(0), 30_000)
    expect([times, troubles]).toEqual([2, [1]])
    await receiver.close()
  })

  test('goes on after a queue that cannot be asked', async () => {
    const seen: unknown[] = []
    const { sqs } = queue
    let asked = 0
    const flaky: SqsOptions['sqs'] = {
      receiveMessage: async (input, options) => {
        asked += 1
        const QueueUrl = asked === 1 ? `${input.QueueUrl}-none` : input.QueueUrl
        return await sqs.receiveMessage({ ...input, QueueUrl }, options)
      },
      deleteMessage: (input) => sqs.deleteMessage(input),
    }
    const troubles: unknown[] = []
    const receiver = receiving({
      ...{ sqs: flaky, onTrouble: (error) => troubles.push(error) },
      handle: async (event) => {
        seen.push(event)
        return true
      },
    })
    await queue.send('{}')
    await vi.waitFor(() => expect(seen).toEqual(['{}']), 30_000)
    expect(troubles).toEqual([expect.objectContaining({ name: 'QueueDoesNotExist' })])
    await receiver.close()
  })

  test('is closed in the midst of a wait', async () => {
    const receiver = receiving({})
    await receiver.close()
    await receiver.close()
    await queue.send('{}')
    expect(await queue.left()).toBe(1)
  })
})
