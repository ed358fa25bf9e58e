import { describe, expect, test } from 'vitest'
import { readEnvironment } from './environment.ts'
import { createPostgres, createSecretsManager } from './index.ts'

const DEFAULTS = {
  region: 'us-east-1',
  intervalMs: 300_000,
  user: 'postgres',
  host: 'localhost',
  port: 5_432,
  database: 'comm_ng',
  ssl: false,
  max: 20,
}

class NoPool {
  connect = async (): Promise<never> => await Promise.reject(new Error('no server'))
  end = async (): Promise<void> => undefined
  on = (): this => this
  emit = (): boolean => false
}

describe('the variables of CommNG', () => {
  test('C2, C5, C14: have CommNG’s defaults', () => {
    const { password, ...read } = readEnvironment({})
    expect(read).toEqual(DEFAULTS)
    expect(String(password)).toBe('[POSTGRES_PASSWORD]')
  })

  test('C2, C5, C7, F66: are CommNG’s names', () => {
    const read = readEnvironment({
      DB_SECRET_ID: 'rds!db-1',
      DB_SECRET_REFRESH_INTERVAL_MS: '60000',
      POSTGRES_HOST: 'db',
      POSTGRES_PORT: '5433',
      POSTGRES_DB: 'app',
      POSTGRES_SSL: 'true',
      POSTGRES_POOL_SIZE: '7',
      POSTGRES_USER: 'me',
    })
    expect(read).toMatchObject({
      ...{ secretId: 'rds!db-1', intervalMs: 60_000, host: 'db', port: 5_433, database: 'app' },
      ...{ ssl: true, max: 7, user: 'me' },
    })
  })

  test.each([
    [{ AWS_REGION: 'a', AWS_DEFAULT_REGION: 'b' }, 'a'],
    [{ AWS_REGION: '', AWS_DEFAULT_REGION: 'b' }, 'b'],
  ])('C14: name the region: %o', (variables, region) => {
    expect(readEnvironment(variables).region).toBe(region)
  })

  test.each([
    ['DB_SECRET_REFRESH_INTERVAL_MS', '5 minutes'],
    ['DB_SECRET_REFRESH_INTERVAL_MS', '0'],
    ['POSTGRES_PORT', '65536'],
    ['POSTGRES_POOL_SIZE', '1.5'],
  ])('CN8: are refused where they say nothing that can be: %s=%s', (name, value) => {
    expect(() => readEnvironment({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS', message: expect.stringContaining(name) }),
    )
  })

  test('CN5: decide about TLS, and nobody can turn its verification off', () => {
    const secretsManager = createSecretsManager({ variables: {} })
    const tls: object = { ssl: { rejectUnauthorized: [][0] } }
    expect(() => createPostgres({ secretsManager, Pool: NoPool, ...tls })).toThrow(
      'ssl must not be given: a variable says it',
    )
    secretsManager.close()
  })

  test('F72: are those that are given, for a second secret', () => {
    const lines: string[] = []
    const log = { ...console, info: (line: string) => void lines.push(line) }
    const variables = { DB_SECRET_ID: 'replica', AWS_REGION: 'eu-west-1' }
    expect(createSecretsManager({ log, variables }).isEnabled()).toBe(true)
    const named = 'Secrets Manager initialized for secret: replica in region: eu-west-1'
    expect(lines).toEqual([named])
  })
})
