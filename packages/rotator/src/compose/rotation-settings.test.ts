import { describe, expect, test } from 'vitest'
import { DEFAULT_PASSWORD_RULES } from '../domain/password-rules.ts'
import { readSettings } from './rotation-settings.ts'

describe('the variables of a rotation function', () => {
  test('are those of AWS’s templates, with their defaults', () => {
    const { options, place } = readSettings({})
    expect(options.password).toEqual(DEFAULT_PASSWORD_RULES)
    expect(options.sessions).toBe('wait')
    expect(options.strategy).toBeUndefined()
    expect(place).toEqual({})
  })

  test.each(['true', 'TRUE', '1', 'y', 'Yes'])('%s is yes', (yes) => {
    const { options } = readSettings({ EXCLUDE_PUNCTUATION: yes, EXCLUDE_NUMBERS: 'no' })
    expect(options.password.without).toEqual(['punctuation'])
  })

  test('an empty EXCLUDE_CHARACTERS excludes nothing; another empty variable is not set', () => {
    const { options } = readSettings({ EXCLUDE_CHARACTERS: '', PASSWORD_LENGTH: '' })
    expect(options.password).toMatchObject({ exclude: '', length: 32 })
  })

  test('each is taken', () => {
    const { options, place } = readSettings({
      PASSWORD_LENGTH: '40',
      EXCLUDE_CHARACTERS: 'xyz',
      EXCLUDE_NUMBERS: 'true',
      EXCLUDE_UPPERCASE: 'true',
      EXCLUDE_LOWERCASE: 'false',
      REQUIRE_EACH_INCLUDED_TYPE: 'false',
      SECRETS_MANAGER_ENDPOINT: 'https://vpce.example',
      CUEDOT_STRATEGY: 'dual-password',
      CUEDOT_ENGINE: 'mariadb',
      CUEDOT_MASTER_ARN: 'arn:admin',
      CUEDOT_OLD_SESSIONS: 'proceed',
      CUEDOT_TLS_CA: '/opt/ca.pem',
    })
    expect(options).toMatchObject({
      password: {
        ...{ length: 40, exclude: 'xyz', requireEach: false },
        without: ['numbers', 'uppercase'],
      },
      ...{ strategy: 'dual-password', engine: 'mariadb', masterarn: 'arn:admin' },
      sessions: 'proceed',
    })
    expect(place).toEqual({ endpoint: 'https://vpce.example', tlsCa: '/opt/ca.pem' })
  })

  test.each([
    ['PASSWORD_LENGTH', '7'],
    ['PASSWORD_LENGTH', 'long'],
    ['PASSWORD_LENGTH', '32.5'],
    ['CUEDOT_STRATEGY', 'both'],
    ['CUEDOT_ENGINE', 'oracle'],
    ['CUEDOT_OLD_SESSIONS', 'kill'],
  ])('%s=%s is refused by name', (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(name)
  })
})
