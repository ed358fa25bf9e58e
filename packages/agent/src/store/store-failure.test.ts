import { SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager'
import { describe, expect, test } from 'vitest'
import { failureOf } from './store-failure.ts'

function refused(name: string, status: number, message = 'because'): Error {
  const $metadata = { httpStatusCode: status }
  return new SecretsManagerServiceException({ name, message, $fault: 'client', $metadata })
}

function coded(code: string, name = 'Error'): Error {
  return Object.assign(new Error('canary'), { code, name })
}

describe('an error of the SDK', () => {
  test.for([
    ['a refusal', refused('AccessDeniedException', 400), 400, 'AccessDeniedException', false],
    ['a throttled call', refused('ThrottlingException', 400), 400, 'ThrottlingException', true],
    ['trouble of the service', refused('InternalServiceError', 500), 500, undefined, true],
    ['a timeout', Object.assign(new Error('x'), { name: 'TimeoutError' }), 504, 'Timeout', true],
    ['an abort', Object.assign(new Error('x'), { name: 'AbortError' }), 504, 'Timeout', true],
    ['a connection timeout', coded('ETIMEDOUT', 'TimeoutError'), 504, 'Timeout', true],
    ['a cut connection', coded('ECONNRESET', 'TimeoutError'), 502, 'Read Error', true],
    ['a connection refused', coded('ECONNREFUSED'), 502, 'Read Error', true],
    ['a connection reset', coded('ECONNRESET'), 502, 'Read Error', true],
    ['a name that is unknown', coded('ENOTFOUND'), 502, 'Read Error', true],
    ['an answer that is no JSON', new SyntaxError('canary'), 502, 'Response Error', true],
    ['no credentials', new Error('canary'), 500, '{"__type":"InternalFailure"}', false],
    ['no error at all', 'canary', 500, '{"__type":"InternalFailure"}', false],
  ] as const)('is answered as AWS’s agent does: %s', ([, error, status, body = '', transient]) => {
    const failure = failureOf(error)
    expect([failure.status, failure.isTransient]).toEqual([status, transient])
    expect(failure.body()).toContain(body)
    expect(failure.body() + String(failure)).not.toContain('canary')
  })

  test('is answered with its name and sentence, whatever these hold', () => {
    const failure = failureOf(refused('ResourceNotFoundException', 400, 'say "what"\n'))
    const body: unknown = JSON.parse(failure.body())
    expect(body).toEqual({ __type: 'ResourceNotFoundException', message: 'say "what"\n' })
    expect(failure.message).toBe('ResourceNotFoundException')
  })

  test('without a sentence is an InternalFailure', () => {
    expect(failureOf(refused('A', 400, '')).body()).toBe('{"__type":"InternalFailure"}')
  })
})
