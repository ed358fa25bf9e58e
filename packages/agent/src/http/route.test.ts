import { describe, expect, test } from 'vitest'
import { LONGEST_TARGET, routeOf } from './route.ts'

describe('a target', () => {
  test.for([
    ['/secretsmanager/get?secretId=MyTest', { secretId: 'MyTest' }, false],
    ['/secretsmanager/get?secretId=a%2Fb%20%2B1', { secretId: 'a/b +1' }, false],
    ['/secretsmanager/get?secretId=a&secretId=b', { secretId: 'b' }, false],
    ['/secretsmanager/get?&secretId=a&refreshNow=TRUE', { secretId: 'a' }, true],
    ['/secretsmanager/get?secretId=a&refreshNow=1', { secretId: 'a' }, true],
    ['/secretsmanager/get?secretId=a&refreshNow=0', { secretId: 'a' }, false],
    [
      '/secretsmanager/get?secretId=a&versionId=v&versionStage=AWSPENDING',
      { secretId: 'a', versionId: 'v', versionStage: 'AWSPENDING' },
      false,
    ],
    ['/v1/My/Test?versionStage=AWSPENDING', { secretId: 'My/Test', versionStage: 'AWSPENDING' }],
    ['/v1/a%2Fb!c@d', { secretId: 'a/b!c@d' }, false],
    ['/v1/arn:aws:secretsmanager:eu-west-1:1:secret:a-b?refreshNow=true', undefined, true],
  ] as const)('asks for what it says: %s', ([target, question, refreshNow = false]) => {
    const asked = routeOf(target, '/v1/')
    expect(asked.refreshNow).toBe(refreshNow)
    if (question !== undefined) expect(asked.question).toEqual(question)
  })

  test.for([
    ['/secretsmanager/get', 400, 'missing parameter secretId'],
    ['/secretsmanager/get?secretId=', 400, 'missing parameter secretId'],
    ['/secretsmanager/get?secretId=a&abc=1', 400, 'unknown parameter: abc'],
    ['/secretsmanager/get?secretId=a&roleArn=b', 400, 'unknown parameter: roleArn'],
    ['/secretsmanager/get?secretId=a&refreshNow=123', 400, 'invalid refreshNow value'],
    ['/secretsmanager/get?secretId=a&refreshNow=&refreshNow=1', 400, 'invalid refreshNow value'],
    ['/v1/', 400, 'missing secret ID'],
    ['/v1/?secretId=a', 400, 'missing secret ID'],
    ['/v1/a?secretId=a', 400, 'unknown parameter: secretId'],
    ['/v1/%zz', 400, 'invalid secret ID'],
    ['/pong', 404, 'Not found'],
    ['/secretsmanager/get/', 404, 'Not found'],
    ['http://127.0.0.1/v1/a', 404, 'Not found'],
    ['', 404, 'Not found'],
    [`/v1/${'a'.repeat(LONGEST_TARGET)}`, 414, 'URI too long'],
  ] as const)('is refused in the words of AWS’s agent: %s', ([target, status, message]) => {
    const refused = (): unknown => routeOf(target, '/v1/')
    expect(refused).toThrow(expect.objectContaining({ status, message }))
  })

  test('is looked at with the prefix that was set', () => {
    expect(routeOf('/secrets/a', '/secrets/').question).toEqual({ secretId: 'a' })
    expect(() => routeOf('/v1/a', '/secrets/')).toThrow('Not found')
  })
})
