import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { isRotatorError, RotatorError } from '../../errors.ts'
import { Answered, classify, CredentialsFailed } from './failures.ts'
import type { Operation } from './failures.ts'

const signal = new AbortController().signal

function classified(error: unknown, operation: Operation = 'get deployments') {
  return classify(error, { where: 'Deployment n/d', operation, signal })
}

function answer(code: number, status: object = {}): Answered {
  return new Answered(code, JSON.stringify({ kind: 'Status', message: 'canary', ...status }))
}

describe('an answer of the API server', () => {
  test.for<readonly [number, string, string]>([
    [400, 'ERR_KUBERNETES_REFUSED', 'never'],
    [401, 'ERR_KUBERNETES_LOGIN', 'never'],
    [403, 'ERR_KUBERNETES_DENIED', 'never'],
    [404, 'ERR_RUNTIME_MISSING', 'never'],
    [409, 'ERR_KUBERNETES_CONFLICT', 'observe-first'],
    [415, 'ERR_KUBERNETES_REFUSED', 'never'],
    [422, 'ERR_KUBERNETES_REFUSED', 'never'],
    [429, 'ERR_KUBERNETES_THROTTLED', 'safe'],
    [500, 'ERR_KUBERNETES_UNREACHABLE', 'safe'],
    [503, 'ERR_KUBERNETES_UNREACHABLE', 'safe'],
    [302, 'ERR_KUBERNETES_UNREACHABLE', 'safe'],
    [200, 'ERR_KUBERNETES_UNREACHABLE', 'safe'],
  ])('%i to a read is %s', ([code, name, retry]) => {
    expect(classified(answer(code))).toMatchObject({ code: name, retry })
  })

  test('that is no answer leaves open what became of a write', () => {
    for (const code of [500, 502, 503, 504])
      expect(classified(answer(code), 'patch deployments').code).toBe('ERR_OUTCOME_UNKNOWN')
    expect(classified(answer(429), 'patch deployments').code).toBe('ERR_KUBERNETES_THROTTLED')
  })

  test('about a Secret is about a config target', () => {
    const missing = classify(answer(404), { where: 'Secret n/s', operation: 'get secrets', signal })
    expect(missing).toMatchObject({ code: 'ERR_TARGET_MISSING', details: { path: 'Secret n/s' } })
  })

  test('names the fields that are wrong, and shows no message where a secret was sent', () => {
    const causes = [{ field: 'data', message: 'canary' }]
    const error = classified(
      answer(422, { reason: 'Invalid', details: { causes } }),
      'patch secrets',
    )
    expect(error).toMatchObject({ details: { problem: 'HTTP 422: Invalid: data' } })
    expect(inspect(error, { depth: 9 })).not.toContain('canary')
    const denied = classified(answer(403), 'patch secrets')
    expect(denied).toMatchObject({ details: { needs: 'patch secrets', says: '' } })
    expect(inspect(denied, { depth: 9 })).not.toContain('canary')
  })

  test.for(['', '<html>', '[]', '{"details":{"causes":[1]}}'])(
    'whose body is %s is classified by its status',
    (body) => {
      expect(classified(new Answered(403, body))).toMatchObject({ details: { says: '' } })
    },
  )
})

describe('a connection that fails', () => {
  const failed = (code: string): Error => Object.assign(new Error('x'), { code })

  test.for([
    ['ECONNREFUSED', 'ERR_KUBERNETES_UNREACHABLE'],
    ['ENOTFOUND', 'ERR_KUBERNETES_UNREACHABLE'],
    ['ECONNRESET', 'ERR_OUTCOME_UNKNOWN'],
    ['EPIPE', 'ERR_OUTCOME_UNKNOWN'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'ERR_KUBERNETES_TLS'],
    ['CERT_HAS_EXPIRED', 'ERR_KUBERNETES_TLS'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_KUBERNETES_TLS'],
  ] as const)('with %s while writing is %s', ([code, name]) => {
    expect(classified(failed(code), 'patch deployments').code).toBe(name)
  })

  test('while reading changes nothing', () => {
    const error = classified(failed('ECONNRESET'))
    expect(error).toMatchObject({ code: 'ERR_KUBERNETES_UNREACHABLE', retry: 'safe' })
    expect(error).toMatchObject({ details: { reason: 'ECONNRESET' } })
  })
})

test('credentials that cannot be had are no connection that fails', () => {
  const error = new CredentialsFailed('aws', Object.assign(new Error('canary'), { code: 'ENOENT' }))
  const classifiedAs = classified(error, 'patch deployments')
  expect(classifiedAs).toMatchObject({
    code: 'ERR_KUBERNETES_LOGIN',
    details: { problem: 'the credential plugin aws failed (ENOENT)' },
  })
  expect(inspect(classifiedAs, { depth: 9 })).not.toContain('canary')
})

test('an error of ours stays what it is, and so does the reason of a read that is over', () => {
  const ours = new RotatorError('ERR_DEADLINE', { operation: 'x', limitMs: 1 })
  expect(classified(ours)).toBe(ours)
  const over = { where: 'x', operation: 'get secrets', signal: AbortSignal.abort(ours) } as const
  expect(classify(new Error('aborted'), over)).toBe(ours)
  const written = classify(new Error('aborted'), { ...over, operation: 'patch secrets' })
  expect(isRotatorError(written) && written.code).toBe('ERR_OUTCOME_UNKNOWN')
})
