// What Starlight's classes say without a database, and how they ask an agent.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startHttpEnd } from '../../../../testkit/src/servers/http-end.ts'
import type { HttpEnd } from '../../../../testkit/src/servers/http-end.ts'
import type { SourceRequest } from '../../credentials/source.ts'
import { AgentHealthMonitor, SecretsManagerAgentClient, createStarlight } from './index.ts'
import type { SecretsManagerServices } from './index.ts'

const LOGIN = { username: 'stellar', password: 'canary-1' }
const VALUE = JSON.stringify(LOGIN)
const FULL = { ...LOGIN, host: null, port: 3306, dbname: null, engine: 'mysql' }

let asked: SourceRequest[]
let value: string

beforeEach(() => {
  asked = []
  value = VALUE
})

afterEach(() => {
  vi.unstubAllEnvs()
  vi.useRealTimers()
})

function services(
  variables: Readonly<Record<string, string>> = {},
  regions: unknown[] = [],
): SecretsManagerServices {
  const source = (_: string, region: string | undefined) => {
    regions.push(region)
    return async (request: SourceRequest) => {
      asked.push(request)
      if (value === '') throw new Error('Rate exceeded')
      return await Promise.resolve({ versionId: `v${asked.length}`, value })
    }
  }
  const createPool = (): object => ({})
  return createStarlight({ createPool, variables, source }).SecretsManagerService
}

describe('Starlight’s getDatabaseCredentials', () => {
  test('L12, F77: has this shape, with these defaults', async () => {
    expect(await services().create().getDatabaseCredentials('arn')).toEqual(FULL)
    const all = { host: 'db', port: 3307, dbname: 'users', engine: 'aurora' }
    value = JSON.stringify({ ...LOGIN, ...all })
    expect(await services().create().getDatabaseCredentials('arn')).toEqual({ ...LOGIN, ...all })
  })

  test.each([
    ['{"username":"stellar"}', "Secret must contain 'username' and 'password' fields"],
    ['{"password":"canary-1"}', "Secret must contain 'username' and 'password' fields"],
    ['{"password":"canary-1', 'Failed to parse secret JSON: '],
    ['', 'Failed to retrieve database credentials: Rate exceeded'],
  ])('L12: says what is wrong in Starlight’s words, and no password: %s', async (text, words) => {
    value = text
    const thrown: unknown = await services()
      .create()
      .getDatabaseCredentials('arn')
      .catch((error: unknown) => error)
    expect(String(thrown)).toContain(words)
    expect(String(thrown)).not.toContain('canary')
  })

  test('L12: gives one field, and names the one that there is not', async () => {
    const service = services().create()
    expect(await service.getCredentialValue('arn', 'port')).toBe('3306')
    await expect(service.getCredentialValue('arn', 'host')).rejects.toThrow(
      "Credential key 'host' not found in secret",
    )
  })

  test('L13, F75: is kept for each label for five minutes, and no longer', async () => {
    vi.useFakeTimers()
    const all = services()
    const service = all.create()
    const read = async (): Promise<unknown> => await service.getDatabaseCredentials('arn')
    await read()
    await service.getDatabaseCredentials('arn', 'AWSPENDING')
    await vi.advanceTimersByTimeAsync(299_999)
    await read()
    expect(asked.map(({ stage }) => stage)).toEqual(['AWSCURRENT', 'AWSPENDING'])
    await vi.advanceTimersByTimeAsync(1)
    await read()
    expect(asked).toHaveLength(3)
    all.clearCache()
    await read()
    expect(asked).toHaveLength(4)
    await service.getDatabaseCredentials('arn', 'AWSCURRENT', { refreshNow: true })
    expect(asked.at(-1)).toMatchObject({ fresh: true })
  })
})

describe('Starlight’s surroundings', () => {
  test('L12, F82: Lambda is where one of two variables is set', async () => {
    expect(services().isLambdaEnvironment()).toBe(false)
    expect(services({ AWS_LAMBDA_FUNCTION_NAME: 'api' }).isLambdaEnvironment()).toBe(true)
    expect(services({ DB_SECRET_ARN: 'arn' }).isLambdaEnvironment()).toBe(true)
  })

  test('L3: elsewhere the fallback of the caller is the answer', async () => {
    const local = { username: 'root' }
    expect(await services().getDatabaseCredentialsWithFallback('arn', local)).toBe(local)
    expect(await services().getDatabaseCredentialsWithFallback()).toEqual({})
    expect(asked).toEqual([])
  })

  test('L4, L12: without an ARN it is said which variable is missing', async () => {
    const all = services({ AWS_LAMBDA_FUNCTION_NAME: 'api' })
    await expect(all.getDatabaseCredentialsWithFallback()).rejects.toMatchObject({
      ...{ code: 'ERR_SECRET_ARN', message: 'DB_SECRET_ARN environment variable not set' },
    })
  })

  test('L3, F82: the region is the caller’s, then the environment’s', async () => {
    const regions: unknown[] = []
    const all = services({ AWS_REGION: 'eu-west-1' }, regions)
    await all.create('us-east-2').getDatabaseCredentials('arn')
    await all.create().getDatabaseCredentials('arn')
    await services({}, regions).create().getDatabaseCredentials('arn')
    expect(regions).toEqual(['us-east-2', 'eu-west-1', undefined])
  })
})

describe('Starlight’s agent client', () => {
  let agent: HttpEnd
  let urls: string[]
  let status: number

  beforeEach(async () => {
    urls = []
    status = 200
    const serve = ({ url = '', headers }: IncomingMessage, response: ServerResponse): void => {
      urls.push(`${url} ${String(headers['x-aws-parameters-secrets-token'])}`)
      response.writeHead(status).end(JSON.stringify({ VersionId: 'v1', SecretString: VALUE }))
    }
    agent = await startHttpEnd(async (request, response) => serve(request, response))
  })

  afterEach(async () => {
    await agent[Symbol.asyncDispose]()
  })

  function client(log: (line: string) => void = () => undefined): SecretsManagerAgentClient {
    const fallback = () => async (request: SourceRequest) => {
      asked.push(request)
      return await Promise.resolve({ versionId: 'v2', value })
    }
    return new SecretsManagerAgentClient(agent.url, 2, { token: 'mine', log, fallback })
  }

  test('L6, L16, F76: asks for a secret, and past the cache during a rotation', async () => {
    const secret = { VersionId: 'v1', SecretString: VALUE }
    expect(await client().getSecret('a b')).toEqual(secret)
    expect(await client().refreshSecret('a')).toEqual(secret)
    expect(await client().refreshSecretForRotation('a')).toEqual(secret)
    expect(await client().getDatabaseCredentials('a')).toEqual(FULL)
    expect(urls).toEqual([
      '/secretsmanager/get?secretId=a%20b mine',
      '/secretsmanager/get?secretId=a&refreshNow=true mine',
      '/secretsmanager/get?secretId=a&refreshNow=true mine',
      '/secretsmanager/get?secretId=a mine',
    ])
  })

  test('L16, F76: falls back to Secrets Manager, and counts it', async () => {
    status = 404
    const lines: string[] = []
    const asking = client((line) => lines.push(line))
    expect(await asking.getDatabaseCredentials('a')).toEqual(FULL)
    expect(lines).toEqual([
      'Agent failed, falling back to direct API: ' +
        'Failed to retrieve secret after 3 attempts: the agent answered 404',
    ])
    expect(asked).toHaveLength(1)
    status = 200
    await asking.getSecret('a')
    const figures = { agent_requests: 2, api_fallbacks: 1, error_rate: 0.5 }
    expect(new AgentHealthMonitor(asking).getMetrics()).toMatchObject(figures)
    expect(asking.getMetrics().avg_response_time).toBeGreaterThan(0)
  })

  test('L16, LX8, F76: is available where /ping says so', async () => {
    const health = await new AgentHealthMonitor(client()).checkAgentHealth()
    expect(health).toMatchObject({ agent_available: true })
    expect(Math.abs(health.timestamp - Date.now() / 1_000)).toBeLessThan(60)
    expect(health.response_time_ms).toBeGreaterThan(0)
    expect(urls).toEqual(['/ping undefined'])
    status = 500
    expect(await client().isAgentAvailable()).toBe(false)
    expect(await new SecretsManagerAgentClient('http://example.com').isAgentAvailable()).toBe(false)
  })

  test('L14, F76: is on the port that the environment names', async () => {
    vi.stubEnv('PARAMETERS_SECRETS_EXTENSION_HTTP_PORT', String(agent.port))
    expect(await new SecretsManagerAgentClient().isAgentAvailable()).toBe(true)
  })
})
