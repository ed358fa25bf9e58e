import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { RotatorError } from '../../errors.ts'
import { AnswerLost, mayHaveArrived } from '../common/aws-failures.ts'
import { classify } from './failures.ts'
import type { Operation } from './failures.ts'

/** An error as the SDK makes it. */
function sdkError(fields: { name?: string; code?: string; status?: number }): Error {
  const error = new Error('the message quotes canary')
  return Object.assign(error, {
    ...(fields.name !== undefined && { name: fields.name }),
    ...(fields.code !== undefined && { code: fields.code }),
    $metadata: { ...(fields.status !== undefined && { httpStatusCode: fields.status }) },
  })
}

function classified(error: unknown, operation: Operation = 'GetSecretValue'): RotatorError {
  return classify(error, { secret: 's', operation, signal: new AbortController().signal })
}

describe('a failed write may have arrived', () => {
  test.each(['ECONNREFUSED', 'ENOTFOUND', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT'])(
    'never after %s: nothing was sent',
    (code) => {
      expect(mayHaveArrived(sdkError({ code }))).toBe(false)
    },
  )

  test.each([400, 403, 404, 429])('never after HTTP %i: it was refused', (status) => {
    expect(mayHaveArrived(sdkError({ name: 'Whatever', status }))).toBe(false)
  })

  test.each([
    { code: 'ECONNRESET' },
    { code: 'EPIPE' },
    { name: 'TimeoutError' },
    { name: 'AbortError' },
    { name: 'InternalServiceError', status: 500 },
    { name: 'SyntaxError', status: 200 },
    {},
  ])('after %o', (fields) => {
    expect(mayHaveArrived(sdkError(fields))).toBe(true)
  })
})

describe('the code of an error', () => {
  test.each([
    ['ThrottlingException', 'ERR_STORE_THROTTLED'],
    ['ResourceNotFoundException', 'ERR_STORE_NOT_FOUND'],
    ['ResourceExistsException', 'ERR_STORE_CONFLICT'],
    ['LimitExceededException', 'ERR_STORE_LIMIT'],
    ['AccessDeniedException', 'ERR_STORE_DENIED'],
    ['ExpiredTokenException', 'ERR_STORE_DENIED'],
    ['DecryptionFailure', 'ERR_STORE_DENIED'],
    ['EncryptionFailure', 'ERR_STORE_DENIED'],
    ['SomethingNewException', 'ERR_STORE_DENIED'],
  ])('of %s is %s', (name, code) => {
    expect(classified(sdkError({ name, status: 400 })).code).toBe(code)
  })

  test('of a refusal names the action as a policy does, and what AWS called it', () => {
    const error = classified(sdkError({ name: 'ExpiredTokenException', status: 400 }))
    expect(error.details).toEqual({
      ...{ secret: 's', operation: 'secretsmanager:GetSecretValue' },
      problem: 'ExpiredTokenException',
    })
    expect(error.hint).toContain('get new ones')
  })

  test('of an invalid parameter depends on what was asked', () => {
    const error = sdkError({ name: 'InvalidParameterException', status: 400 })
    expect(classified(error, 'UpdateSecretVersionStage').code).toBe('ERR_STORE_CONFLICT')
    expect(classified(error, 'PutSecretValue').code).toBe('ERR_STORE_LIMIT')
    expect(classified(error, 'GetSecretValue').code).toBe('ERR_STORE_NOT_FOUND')
  })

  test('of a lost answer is ERR_OUTCOME_UNKNOWN, whatever the call was aborted for', () => {
    const reason = new RotatorError('ERR_INTERRUPTED', { signal: 'SIGTERM' })
    const signal = AbortSignal.abort(reason)
    const attempt = { secret: 's', operation: 'PutSecretValue', signal } as const
    expect(classify(new AnswerLost(), attempt).code).toBe('ERR_OUTCOME_UNKNOWN')
    expect(classify(sdkError({ name: 'AbortError' }), attempt)).toBe(reason)
  })

  test('comes without the message of AWS, which may quote what was sent', () => {
    const error = classified(sdkError({ name: 'ValidationException', status: 400 }))
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary')
    expect(inspect(error.cause)).toContain('ValidationException, HTTP 400')
  })
})
