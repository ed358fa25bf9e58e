import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startHttpEnd } from '../../../testkit/src/servers/http-end.ts'
import type { HttpEnd } from '../../../testkit/src/servers/http-end.ts'
import { startDeafEnd } from '../../test/deaf-end.ts'
import type { CredentialSource, SourceRequest } from '../credentials/source.ts'
import { lambdaExtension, secretsManagerAgent } from './agent.ts'
import type { AgentOptions } from './agent.ts'

const VALUE = '{"username":"app","password":"canary-1"}'
const GOOD = { VersionId: 'v1', SecretString: VALUE, VersionStages: ['AWSCURRENT'] }
const CURRENT: SourceRequest = {
  stage: 'AWSCURRENT',
  fresh: false,
  signal: new AbortController().signal,
}

interface Seen {
  readonly url: string
  readonly token: string
}

let agent: HttpEnd
let seen: Seen[]
/** What the agent answers, one after the other; the last one again. */
let answers: (readonly [status: number, body: unknown] | 'cut')[]

function serve({ url = '', headers }: IncomingMessage, response: ServerResponse): void {
  seen.push({ url, token: String(headers['x-aws-parameters-secrets-token']) })
  const answer = answers.length > 1 ? answers.shift() : answers[0]
  if (answer === undefined || answer === 'cut') return void response.destroy()
  const [status, body] = answer
  response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
}

beforeEach(async () => {
  seen = []
  answers = [[200, GOOD]]
  agent = await startHttpEnd(async (request, response) => serve(request, response))
  for (const name of ['AWS_TOKEN', 'AWS_SESSION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN'])
    vi.stubEnv(name, '')
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await agent[Symbol.asyncDispose]()
})

function options(more: Partial<AgentOptions> = {}): AgentOptions {
  return { secretId: 'shop/db +1', endpoint: agent.url, token: 'mine', ...more }
}

describe('the agent of Secrets Manager', () => {
  test('is asked for the secret, with the token', async () => {
    expect(await secretsManagerAgent(options())(CURRENT)).toEqual({ versionId: 'v1', value: VALUE })
    expect(seen).toEqual([{ url: '/secretsmanager/get?secretId=shop%2Fdb%20%2B1', token: 'mine' }])
  })

  test('is asked for another stage, past its cache', async () => {
    await secretsManagerAgent(options())({ ...CURRENT, stage: 'AWSPENDING', fresh: true })
    expect(seen[0]?.url).toContain('&versionStage=AWSPENDING&refreshNow=true')
  })

  test('is on the port that the environment names', async () => {
    vi.stubEnv('PARAMETERS_SECRETS_EXTENSION_HTTP_PORT', String(agent.port))
    expect(await secretsManagerAgent({ secretId: 'a', token: 'b' })(CURRENT)).toMatchObject({
      versionId: 'v1',
    })
  })

  test.each([
    ['AWS_TOKEN', { AWS_TOKEN: 'one', AWS_SESSION_TOKEN: 'two' }, 'one'],
    ['AWS_SESSION_TOKEN', { AWS_SESSION_TOKEN: 'two' }, 'two'],
    ['the one of a container', { AWS_CONTAINER_AUTHORIZATION_TOKEN: 'three' }, 'three'],
  ])('takes its token from %s', async (_, variables, token) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
    await secretsManagerAgent({ secretId: 'a', endpoint: agent.url })(CURRENT)
    expect(seen[0]?.token).toBe(token)
  })

  test('takes its token from a file, without the end of the line', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-client-'))
    const path = join(dir.path, 'token')
    await writeFile(path, 'from-a-file\n')
    vi.stubEnv('AWS_TOKEN', `file://${path}`)
    await secretsManagerAgent({ secretId: 'a', endpoint: agent.url })(CURRENT)
    expect(seen[0]?.token).toBe('from-a-file')
  })

  test('is asked again while it starts', async () => {
    answers = ['cut', [503, 'not yet'], [200, GOOD]]
    expect(await secretsManagerAgent(options())(CURRENT)).toMatchObject({ versionId: 'v1' })
    expect(seen).toHaveLength(3)
  })

  test.each([
    [403, 'forbidden', 'the agent answered 403'],
    [
      400,
      { __type: 'ResourceNotFoundException', message: 'canary' },
      'the agent answered 400 ResourceNotFoundException',
    ],
    [200, '{"SecretString":"canary', 'the agent’s answer is not JSON'],
    [200, { VersionId: 'v1', SecretBinary: 'canary' }, 'has no version or no text'],
  ])('whose answer is %s %j is not asked again', async (status, body, message) => {
    answers = [[status, body]]
    const error: unknown = await secretsManagerAgent(options())(CURRENT).catch((e: unknown) => e)
    expect(String(error)).toContain(message)
    expect(String(error)).not.toContain('canary')
    expect(seen).toHaveLength(1)
  })

  test('that takes no connection is given up on before the whole request would be', async () => {
    await using deaf = await startDeafEnd()
    const given = { endpoint: deaf.url, connectTimeoutMs: 50, timeoutMs: 300_000 }
    const source = secretsManagerAgent(options({ ...given, fallback: async () => OTHER }))
    expect(await source(CURRENT)).toEqual(OTHER)
  })

  test('that has taken a connection may take longer than that for its answer', async () => {
    await using slow = await startHttpEnd(async (_, response) => {
      await pause(100)
      response.end(JSON.stringify(GOOD))
    })
    const given = { endpoint: slow.url, connectTimeoutMs: 50, fallback: async () => OTHER }
    expect(await secretsManagerAgent(options(given))(CURRENT)).toMatchObject({ versionId: 'v1' })
  })

  test('that does not answer in time is given up on', async () => {
    await using silent = await startHttpEnd(async () => undefined)
    const given = { endpoint: silent.url, timeoutMs: 50, fallback: async () => OTHER }
    expect(await secretsManagerAgent(options(given))(CURRENT)).toEqual(OTHER)
  })

  test('that answers without an end is cut off', async () => {
    answers = [[200, 'x'.repeat(600_000)]]
    const source = secretsManagerAgent(options({ fallback: async () => ({ ...OTHER }) }))
    expect(await source(CURRENT)).toEqual(OTHER)
  })

  test('is not asked over the network', async () => {
    const source = secretsManagerAgent(options({ endpoint: 'http://agent.example:2773' }))
    await expect(source(CURRENT)).rejects.toThrow('is not on this machine')
  })
})

const OTHER = { versionId: 'v2', value: VALUE }

describe('in place of an agent that cannot be asked', () => {
  test('the fallback answers, without a pause', async () => {
    answers = ['cut']
    const source = secretsManagerAgent(options({ fallback: async () => OTHER }))
    expect(await source(CURRENT)).toEqual(OTHER)
    expect(seen).toHaveLength(1)
  })

  test('nobody answers where the agent has refused', async () => {
    answers = [[403, 'forbidden']]
    const source = secretsManagerAgent(options({ fallback: async () => OTHER }))
    await expect(source(CURRENT)).rejects.toThrow('403')
  })
})

describe('the extension of Lambda', () => {
  const STARTING = [400, 'not ready to serve traffic, please wait'] as const

  test('is not asked past its cache: the fallback is', async () => {
    const source = lambdaExtension(options({ fallback: async () => OTHER }))
    expect(await source(CURRENT)).toMatchObject({ versionId: 'v1' })
    expect(await source({ ...CURRENT, fresh: true })).toEqual(OTHER)
    expect(seen).toHaveLength(1)
    expect(seen[0]?.url).not.toContain('refreshNow')
  })

  test.each([['with'], ['without']])(
    'L14: is waited for while it starts, %s a fallback',
    async (has) => {
      answers = [STARTING, STARTING, STARTING, [200, GOOD]]
      const fallback: CredentialSource = async () => OTHER
      const source = lambdaExtension(options(has === 'with' ? { fallback } : {}))
      expect(await source(CURRENT)).toMatchObject({ versionId: 'v1' })
      expect(seen).toHaveLength(4)
    },
  )

  test('L14: that does not come to its end of starting is not waited for any longer', async () => {
    answers = [STARTING]
    const source = lambdaExtension(options({ fallback: async () => OTHER }))
    expect(await source(CURRENT)).toEqual(OTHER)
    expect(seen).toHaveLength(5)
  })

  test('is not waited for by credentials that are closed', async () => {
    const closing = new AbortController()
    answers = [STARTING]
    const source = lambdaExtension(options())
    const waiting = source({ ...CURRENT, signal: closing.signal }).catch((e: unknown) => e)
    await vi.waitFor(() => expect(seen).toHaveLength(1))
    closing.abort()
    expect(await waiting).toMatchObject({ name: 'AbortError' })
    expect(seen.length).toBeLessThan(5)
  })

  test.each([
    ['an unexpected error occurred while executing request', OTHER],
    [{ __type: 'AccessDeniedException' }, '400 AccessDeniedException'],
  ])('L14: whose refusal is %j says whether Secrets Manager has refused', async (body, wanted) => {
    answers = [[400, body]]
    const asked = lambdaExtension(options({ fallback: async () => OTHER }))(CURRENT)
    if (typeof wanted === 'string') await expect(asked).rejects.toThrow(wanted)
    else expect(await asked).toEqual(wanted)
    expect(seen).toHaveLength(1)
  })
})
