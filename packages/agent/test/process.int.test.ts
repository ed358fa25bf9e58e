import { once } from 'node:events'
import { mkdtempDisposable, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { startAgent } from '../src/index.ts'
import { TOKEN, ask, startAgentProcess, startCommand } from './agent-process.ts'

const VALUE = 'canary-value'

let fake: FakeSecretsManager

beforeAll(async () => {
  fake = await startSecretsManager()
  const admin = secretsManagerAdmin(fake.endpoint)
  await admin.createSecret('a', VALUE)
})

afterAll(async () => {
  await fake[Symbol.asyncDispose]()
})

/** What the command prints when it does not start, and its exit code. */
async function failing(
  toml: string,
  environment?: Readonly<Record<string, string | undefined>>,
): Promise<readonly [code: number | null, output: string]> {
  const lines = toml.includes('log_to_file') ? toml : `log_to_file = false\n${toml}`
  await using command = await startCommand(lines, environment)
  const code = await command.ended
  return [code, command.output()]
}

function kept(agent: Agent): { readonly agent: Agent } & Disposable {
  return { agent, [Symbol.dispose]: () => agent.destroy() }
}

describe('the command', () => {
  test.for(['SIGTERM', 'SIGINT'] as const)('answers what is under way at %s', async (signal) => {
    await using agent = await startAgentProcess(fake.endpoint)
    const struck = Promise.withResolvers<void>()
    fake.fail({ kind: 'hang', struck: struck.resolve })
    using keeping = kept(new Agent({ keepAlive: true }))
    const answered = agent.ask('/v1/a', { agent: keeping.agent })
    await struck.promise
    agent.child.kill(signal)
    // Nothing listens any more, and the request that is under way still gets its answer.
    while (await agent.ask('/ping').then(Boolean, () => false));
    fake.heal()
    const { status, body, headers } = await answered
    expect([status, headers.connection]).toEqual([200, 'close'])
    expect(body).toContain(VALUE)
    expect(await agent.ended).toBe(0)
    expect(agent.output()).not.toContain(VALUE)
  })

  test('does not wait at the end for a client that says nothing', async () => {
    await using agent = await startAgentProcess(fake.endpoint)
    const silent = connect(Number(new URL(agent.address).port), '127.0.0.1')
    await once(silent, 'connect')
    silent.on('error', () => undefined).write('GET /ping HTTP/1.1\r\n')
    await agent.ask('/ping')
    agent.child.kill('SIGTERM')
    expect(await agent.ended).toBe(0)
  })

  test('says in one line that the port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect(await failing(`http_port = ${port}`)).toEqual([
      1,
      `cuedot-agent: cannot listen on 127.0.0.1:${port}: it is in use\n`,
    ])
    server.close()
  })

  test('says in one line what is missing', async () => {
    const none = { AWS_TOKEN: undefined }
    const names = 'AWS_TOKEN, AWS_SESSION_TOKEN, AWS_CONTAINER_AUTHORIZATION_TOKEN'
    const file = { AWS_TOKEN: 'file:///nowhere/token' }
    const keys = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }
    const missing = [
      [none, `no token: none of ${names} is set`],
      [file, 'no token: the file that AWS_TOKEN names cannot be read: ENOENT'],
      [{ AWS_REGION: undefined }, /^no region: /],
      [keys, /^no AWS credentials were found; /],
    ] as const
    for (const [environment, wanted] of missing) {
      const [code, output] = await failing('', environment)
      const line = /^cuedot-agent: (.+)\n$/.exec(output)?.[1] ?? output
      expect(code).toBe(1)
      if (typeof wanted === 'string') expect(line).toBe(wanted)
      else expect(line).toMatch(wanted)
    }
  })

  test('says all that is wrong with its configuration', async () => {
    const [code, output] = await failing('http_prot = 1\nttl_seconds = 4000')
    expect([code, output.split('\n')]).toEqual([
      2,
      [
        'cuedot-agent: ttl_seconds: must be a whole number from 0 to 3600',
        'cuedot-agent: http_prot: no such key; did you mean http_port?',
        '',
      ],
    ])
    expect(await failing('a = ')).toEqual([2, expect.stringMatching(/is not TOML at line 2/)])
  })

  test('logs into a file unless it is told otherwise', async () => {
    const own = `[cuedot]\nendpoint = "${fake.endpoint}"`
    await using command = await startCommand(`log_to_file = true\nhttp_port = 0\n${own}`)
    await once(command.child.stdout!, 'data')
    const address = /http:\S+/.exec(command.output())?.[0] ?? ''
    expect((await ask(address, '/v1/a')).body).toContain(VALUE)
    await ask(address, '/v1/a', { headers: {} })
    command.child.kill('SIGTERM')
    expect(await command.ended).toBe(0)
    const log = join(command.folder, 'logs', 'secrets_manager_agent.log')
    const lines = await readFile(log, 'utf8')
    expect(lines).toMatch(/INFO .* listening .*\n.* ERROR .*refused with 403: Bad Token\n/)
    expect(lines + command.output()).not.toContain('canary')
  })
})

describe('a Unix socket', () => {
  test('is for this user alone, outlives a killed agent, and is not taken from one', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
    const path = join(dir.path, 'agent.sock')
    const cuedot = `socket = "${path}"`
    const killed = await startAgentProcess(fake.endpoint, { cuedot })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await killed[Symbol.asyncDispose]()
    expect(await readdir(dir.path)).toEqual(['agent.sock'])
    await using agent = await startAgentProcess(fake.endpoint, { cuedot })
    expect(agent.address).toBe(`unix:${path}`)
    expect((await agent.ask('/v1/a')).body).toContain(VALUE)
    expect((await agent.ask('/v1/a', { headers: {} })).status).toBe(403)
    const second = await failing(`[cuedot]\n${cuedot}`)
    expect(second).toEqual([1, `cuedot-agent: cannot listen on ${path}: it is in use\n`])
    agent.child.kill('SIGTERM')
    expect(await agent.ended).toBe(0)
    expect(await readdir(dir.path)).toEqual([])
  })

  test('never replaces another file', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
    const path = join(dir.path, 'file')
    await writeFile(path, 'mine')
    const [code] = await failing(`[cuedot]\nsocket = "${path}"`)
    expect([code, await readFile(path, 'utf8')]).toEqual([1, 'mine'])
  })
})

test('an agent within a program starts and stops', async () => {
  const lines: string[] = []
  const credentials = { AWS_TOKEN: TOKEN }
  const agent = await startAgent({
    config: {
      http_port: 0,
      region: 'us-east-1',
      validate_credentials: false,
      cuedot: { endpoint: fake.endpoint },
    },
    environment: credentials,
    log: (line) => lines.push(line),
  })
  expect(await ask(agent.address, '/ping')).toMatchObject({ status: 200 })
  await agent.close()
  await expect(ask(agent.address, '/ping')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  expect(lines.map((line) => line.trim().split(' - ')[1])).toEqual([
    `Agent/0.1.0 listening on ${agent.address}`,
    'stopped',
  ])
})
