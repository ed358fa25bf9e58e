import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secretsManagerAgent } from '@cuedot/client/agent'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import type { SecretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { leaksIn } from '../../testkit/src/leaks/search.ts'
import { TOKEN, startAgentProcess } from './agent-process.ts'
import type { AgentProcess } from './agent-process.ts'

const VALUES = ['canary-value "1"', 'canary-value "2"'] as const
const GET = '/secretsmanager/get'

let fake: FakeSecretsManager
let admin: SecretsManagerAdmin
let agent: AgentProcess
let secretId = ''
/** Error bodies: none may hold a secret. */
const refused: string[] = []

beforeAll(async () => {
  fake = await startSecretsManager()
  admin = secretsManagerAdmin(fake.endpoint)
  agent = await startAgentProcess(fake.endpoint, { toml: 'ttl_seconds = 1\nmax_conn = 8' })
})

afterAll(async () => {
  await agent[Symbol.asyncDispose]()
  await fake[Symbol.asyncDispose]()
})

beforeEach(async () => {
  secretId = `secret/${randomUUID()}`
  await admin.createSecret(secretId, VALUES[0])
})

afterEach(() => fake.heal())

async function put(value: string, stage = 'AWSCURRENT'): Promise<void> {
  const request = { SecretId: secretId, SecretString: value, VersionStages: [stage] }
  await admin.call('PutSecretValue', { ...request, ClientRequestToken: randomUUID() })
}

/** The status and the body of a request that is refused. */
async function refusal(...asking: Parameters<AgentProcess['ask']>): Promise<readonly unknown[]> {
  const { status, body } = await agent.ask(...asking)
  refused.push(body)
  return [status, body]
}

function actionsSince(before: number): readonly string[] {
  return fake.calls.slice(before).map(({ action }) => action)
}

describe('the agent', () => {
  test('answers as GetSecretValue does, with the date as a text', async () => {
    const { status, body } = await agent.ask(`${GET}?secretId=${encodeURIComponent(secretId)}`)
    const stored = await admin.call('GetSecretValue', { SecretId: secretId })
    expect(status).toBe(200)
    const { CreatedDate, ...rest }: Record<string, unknown> = JSON.parse(body)
    expect({ ...rest, CreatedDate: Number(CreatedDate) }).toEqual(stored)
    expect(CreatedDate).toBeTypeOf('string')
  })

  test('answers by path, with either header, from its cache', async () => {
    const first = await agent.ask(`/v1/${secretId}`)
    const before = fake.calls.length
    const again = await agent.ask(`/v1/${secretId}`, { headers: { 'x-vault-token': TOKEN } })
    expect([again.status, again.body]).toEqual([200, first.body])
    expect(actionsSince(before)).toEqual([])
  })

  test('answers with the stage that is asked for', async () => {
    await put(VALUES[1], 'AWSPENDING')
    const { body } = await agent.ask(`/v1/${secretId}?versionStage=AWSPENDING`)
    const answer: unknown = JSON.parse(body)
    expect(answer).toMatchObject({ SecretString: VALUES[1], VersionStages: ['AWSPENDING'] })
    const { VersionId } = answer as { VersionId: string }
    const byId = await agent.ask(`/v1/${secretId}?versionId=${VersionId}`)
    expect(JSON.parse(byId.body)).toMatchObject({ VersionId })
  })

  test('answers with bytes in base64', async () => {
    const SecretBinary = Buffer.from([0, 1, 255]).toString('base64')
    await admin.call('CreateSecret', { Name: `${secretId}-b`, SecretBinary })
    const { body } = await agent.ask(`/v1/${secretId}-b`)
    expect(JSON.parse(body)).toMatchObject({ SecretBinary })
  })

  test('reads past its cache with refreshNow', async () => {
    await agent.ask(`/v1/${secretId}`)
    await put(VALUES[1])
    const stale = await agent.ask(`/v1/${secretId}`)
    const fresh = await agent.ask(`/v1/${secretId}?refreshNow=1`)
    const values = [stale, fresh].map(({ body }) => JSON.parse(body).SecretString as string)
    expect(values).toEqual(VALUES)
  })

  test('serves our own client, in any order of rotations', async () => {
    const source = secretsManagerAgent({ secretId, endpoint: agent.address, token: TOKEN })
    const { signal } = new AbortController()
    const request = { stage: 'AWSCURRENT', signal } as const
    expect((await source({ ...request, fresh: false })).value).toBe(VALUES[0])
    await put(VALUES[1])
    expect((await source({ ...request, fresh: true })).value).toBe(VALUES[1])
    await expect(source({ ...request, stage: 'AWSPENDING', fresh: false })).rejects.toThrow(
      'the agent answered 400 ResourceNotFoundException',
    )
  })

  async function valueNow(): Promise<unknown> {
    const { body } = await agent.ask(`/v1/${secretId}`)
    const { SecretString }: Record<string, unknown> = JSON.parse(body)
    return SecretString
  }

  test('looks with DescribeSecret when an answer has expired', async () => {
    await agent.ask(`/v1/${secretId}`)
    const before = fake.calls.length
    while (fake.calls.length === before) await agent.ask(`/v1/${secretId}`)
    expect(actionsSince(before)).toEqual(['DescribeSecret'])
    await put(VALUES[1])
    while ((await valueNow()) !== VALUES[1]);
    expect(actionsSince(before)).toContain('GetSecretValue')
  })
})

describe('while Secrets Manager is down', () => {
  test('what is known is served, and what is not is an error of the gateway', async () => {
    const { body } = await agent.ask(`/v1/${secretId}`)
    const struck = Promise.withResolvers<void>()
    fake.fail({ kind: 'request-lost', calls: 1000, struck: struck.resolve })
    while (!(await Promise.race([struck.promise.then(() => true), asked(body)])));
    const unknown = await refusal(`/v1/${secretId}-other`)
    const error = { __type: 'ConnectionError', message: 'Read Error' }
    expect(unknown).toEqual([502, JSON.stringify(error)])
    expect((await agent.ask('/ping')).status).toBe(200)
  })

  async function asked(body: string): Promise<boolean> {
    expect((await agent.ask(`/v1/${secretId}`)).body).toBe(body)
    return false
  }

  test('a refusal is passed on, and so is a refreshNow that fails', async () => {
    fake.fail({ kind: 'denied', secret: secretId })
    const [status, body] = await refusal(`/v1/${secretId}`)
    expect([status, JSON.parse(String(body))]).toEqual([
      400,
      {
        __type: 'AccessDeniedException',
        message: 'not authorized: secretsmanager:GetSecretValue',
      },
    ])
    await agent.ask(`/v1/${secretId}`)
    fake.fail({ kind: 'broken', calls: 3, secret: secretId })
    const error = { __type: 'InternalAwsRefusal', message: 'broken' }
    const fresh = await refusal(`/v1/${secretId}?refreshNow=true`)
    expect(fresh).toEqual([500, JSON.stringify(error)])
  })

  test('a secret that is not there is named so', async () => {
    const [status, body] = await refusal('/v1/nobody-made-it')
    expect([status, String(body)]).toEqual([400, expect.stringContaining('ResourceNotFound')])
  })
})

describe('a request is refused', () => {
  const headers = { 'X-Aws-Parameters-Secrets-Token': TOKEN }

  test('without the token, or with another, but not for its health', async () => {
    const bad = [{}, { 'x-vault-token': `${TOKEN}x` }, { authorization: TOKEN }]
    for (const given of bad)
      expect(await refusal(`/v1/${secretId}`, { headers: given })).toEqual([403, 'Bad Token'])
    expect(await agent.ask('/ping', { headers: {} })).toMatchObject({
      status: 200,
      body: 'healthy',
    })
  })

  test('when it was forwarded', async () => {
    const forwarded = { ...headers, 'X-Forwarded-For': '' }
    const padding = Object.fromEntries(Array.from({ length: 2500 }, (_, at) => [`a${at}`, '']))
    for (const more of [{}, padding]) {
      const given = { ...more, ...forwarded }
      expect(await refusal(`/v1/${secretId}`, { headers: given })).toEqual([400, 'Forwarded'])
    }
  })

  test('when it is no GET, or brings a body', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])
      expect(await refusal(`/v1/${secretId}`, { method })).toEqual([405, 'Not allowed'])
    expect((await refusal(`/v1/${secretId}`, { method: 'HEAD' }))[0]).toBe(405)
    expect(await raw('CONNECT a:1 HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1.1 405 /)
    const body = { headers: { ...headers, 'content-length': 3 } }
    expect(await refusal(`/v1/${secretId}`, body)).toEqual([400, 'Body not allowed'])
  })

  test('when its target is not known', async () => {
    expect(await refusal('/pong')).toEqual([404, 'Not found'])
    expect(await refusal(GET)).toEqual([400, 'missing parameter secretId'])
    expect(await refusal(`/v1/a?${VALUES.length}`)).toEqual([400, 'unknown parameter: 2'])
  })

  test('when it is too long or no HTTP', async () => {
    expect(await refusal(`/v1/${'a'.repeat(9000)}`)).toEqual([414, 'URI too long'])
    expect(await raw(`GET / HTTP/1.1\r\na: ${'a'.repeat(40_000)}\r\n\r\n`)).toMatch(/ 431 /)
    expect(await raw('canary\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
  })

  test('when more are connected than may be, but not for its health', async () => {
    const { port } = new URL(agent.address)
    const open = Array.from({ length: 8 }, () => connect(Number(port), '127.0.0.1'))
    await Promise.all(open.map((socket) => once(socket, 'connect')))
    expect(await refusal(`/v1/${secretId}`)).toEqual([429, 'Connection limit exceeded'])
    expect((await agent.ask('/ping')).status).toBe(200)
    for (const socket of open) socket.destroy()
    await Promise.all(open.map((socket) => once(socket, 'close')))
    while ((await agent.ask(`/v1/${secretId}`)).status !== 200);
  })

  test('without a Host it is answered all the same', async () => {
    expect(await raw('GET /ping HTTP/1.1\r\nconnection: close\r\n\r\n')).toMatch(/healthy$/)
  })

  async function raw(sent: string): Promise<string> {
    const { port } = new URL(agent.address)
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => undefined).write(sent)
    const answer = await text(socket)
    refused.push(answer)
    return answer
  }
})

test('no error and no line of the log has held a secret', () => {
  const secrets = new Map([...VALUES, TOKEN].map((value, at) => [`secret ${at}`, value]))
  const places = [...refused, agent.output()].map((body, at) => ({ name: `${at}`, text: body }))
  expect(leaksIn(places, secrets)).toEqual([])
  expect(places.length).toBeGreaterThan(10)
})
