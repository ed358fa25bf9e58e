import { describe, expect, test } from 'vitest'
import { startHttpEnd } from '../../../testkit/src/servers/http-end.ts'
import { createCredentials } from '../credentials/credentials.ts'
import { handSource } from '../credentials/fixture.ts'
import { eventEndpoint } from './endpoint.ts'
import { labelUpdates, refreshOnEvents } from './events.ts'

const ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/db-a1b2c3'

/** As EventBridge sends it. */
function event(detail: object = {}): object {
  return {
    ...{ version: '0', id: 'e', source: 'aws.secretsmanager', region: 'eu-central-1' },
    'detail-type': 'Secret Label Updated',
    resources: [ARN],
    detail: { name: 'shop/db', labelUpdated: 'AWSCURRENT', versionId: 'v2', ...detail },
  }
}

const UPDATE = { name: 'shop/db', arn: ARN, label: 'AWSCURRENT', versionId: 'v2' }

describe('an update of a label', () => {
  test.each([
    ['as it is', event()],
    ['as text', JSON.stringify(event())],
    ['in a message of SQS', { Records: [{ body: JSON.stringify(event()) }] }],
    ['in a message of SNS', { Type: 'Notification', Message: JSON.stringify(event()) }],
    [
      'of SNS in SQS',
      { Records: [{ body: JSON.stringify({ Message: JSON.stringify(event()) }) }] },
    ],
    ['of SNS for Lambda', { Records: [{ Sns: { Message: JSON.stringify(event()) } }] }],
  ])('is found %s', (_, given) => {
    expect(labelUpdates(given)).toEqual([UPDATE])
  })

  test.each([
    ['another event', { ...event(), 'detail-type': 'AWS API Call via CloudTrail' }],
    ['an event of somebody else', { ...event(), source: 'aws.s3' }],
    ['an event that lacks something', event({ versionId: undefined })],
    ['no event', 'hello'],
    ['nothing', undefined],
    ['an end that never comes', nested(20)],
  ])('is not found in %s', (_, given) => {
    expect(labelUpdates(given)).toEqual([])
  })
})

function nested(layers: number): object {
  return layers === 0 ? event() : { body: nested(layers - 1) }
}

describe('credentials are read anew', () => {
  test.each([
    ['its name', 'shop/db', {}, true],
    ['its ARN', ARN, {}, true],
    ['another secret', 'other', {}, false],
    ['a label that is none of ours', 'shop/db', { labelUpdated: 'blue' }, false],
  ])('where an event names %s', async (_, secretId, detail, expected) => {
    const { asked, source } = handSource()
    using credentials = createCredentials(source, { pollMs: 0, cooldownMs: 0 })
    await Promise.resolve()
    asked[0]?.answer('v1')
    await credentials.get()
    const handled = refreshOnEvents(credentials, secretId)(event(detail))
    await new Promise((resolve) => setImmediate(resolve))
    asked[1]?.answer('v2')
    expect(await handled).toBe(expected)
    expect(asked).toHaveLength(expected ? 2 : 1)
  })

  test('and not for a version that is held', async () => {
    const { asked, source } = handSource()
    using credentials = createCredentials(source, { pollMs: 0, cooldownMs: 0 })
    await Promise.resolve()
    asked[0]?.answer('v2')
    await credentials.get()
    expect(await refreshOnEvents(credentials, 'shop/db')(event())).toBe(true)
    expect(asked).toHaveLength(1)
  })
})

describe('an endpoint for EventBridge', () => {
  const apiKey = 'sixteen or more characters'

  async function answered(
    options: RequestInit & { readonly headers?: Record<string, string> },
    handle: (given: unknown) => Promise<boolean> = async () => true,
  ): Promise<number> {
    const listener = eventEndpoint(handle, { apiKey })
    await using end = await startHttpEnd(async (request, response) => listener(request, response))
    const { status } = await fetch(end.url, { method: 'POST', ...options })
    return status
  }

  test('hands on what comes with the key', async () => {
    const seen: unknown[] = []
    const handle = async (given: unknown): Promise<boolean> => seen.push(given) > 0
    const body = JSON.stringify(event())
    expect(await answered({ headers: { 'X-Api-Key': apiKey }, body }, handle)).toBe(204)
    expect(seen).toEqual([body])
  })

  test.each([
    [401, 'without the key', { headers: {} }],
    [401, 'with another key', { headers: { 'x-api-key': 'another' } }],
    [405, 'that only looks', { method: 'GET' }],
    [413, 'longer than any event', { headers: { 'x-api-key': apiKey }, body: 'x'.repeat(300_000) }],
  ])('answers %s to a request %s', async (status, _, options) => {
    expect(await answered(options)).toBe(status)
  })

  test('asks to be told again where the credentials cannot be read', async () => {
    const failing = async (): Promise<boolean> => await Promise.reject(new Error('closed'))
    expect(await answered({ headers: { 'x-api-key': apiKey }, body: '{}' }, failing)).toBe(503)
  })

  test('takes no key that could be guessed', () => {
    expect(() => eventEndpoint(async () => true, { apiKey: 'short' })).toThrow('16 characters')
  })
})
