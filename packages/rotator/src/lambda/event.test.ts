import { describe, expect, test } from 'vitest'
import { parseEvent } from './event.ts'

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf'
const EVENT = { Step: 'setSecret', SecretId: SECRET, ClientRequestToken: 'token' }

const context = (account = '123456789012') => ({
  getRemainingTimeInMillis: () => 1000,
  invokedFunctionArn: `arn:aws:lambda:eu-central-1:${account}:function:rotate`,
})

describe('the event of a rotation', () => {
  test('is read, whatever else is in it', () => {
    const event = { ...EVENT, RotationToken: 'for another account' }
    expect(parseEvent(event, context())).toEqual({
      ...{ step: 'setSecret', secret: SECRET, token: 'token' },
    })
  })

  test('may ask for a rotation by RDS, which has no version yet', () => {
    const event = { Step: 'rotateManaged', SecretId: SECRET }
    expect(parseEvent(event, context())).toEqual({ step: 'rotateManaged', secret: SECRET })
    expect(() => parseEvent({ Step: 'rotateManaged' }, context())).toThrow('no SecretId')
  })

  test.each([
    [undefined, 'no Step'],
    ['setSecret', 'no Step'],
    [{ ...EVENT, Step: '' }, 'no Step'],
    [{ ...EVENT, Step: 'dropSecret' }, 'none of createSecret'],
    [{ ...EVENT, Step: 7 }, 'no Step'],
    [{ ...EVENT, SecretId: undefined }, 'no SecretId'],
    [{ ...EVENT, ClientRequestToken: null }, 'no ClientRequestToken'],
  ])('%j is refused: %s', (event, problem) => {
    expect(() => parseEvent(event, context())).toThrow(problem)
  })

  test('a secret of another account is refused, and both accounts are named', () => {
    const parse = (): unknown => parseEvent(EVENT, context('999999999999'))
    expect(parse).toThrow(/123456789012.*999999999999/)
  })
})
