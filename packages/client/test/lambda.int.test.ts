// Goal: a function that Lambda freezes between two events does not notice what happened meanwhile.
// Method: the example's own file in a process that is stopped (SIGSTOP) while a real server and a
// secret change, and goes on (SIGCONT) with the next event.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { AWS_ENVIRONMENT } from '../../testkit/src/rig/rig.ts'
import { startHttpEnd } from '../../testkit/src/servers/http-end.ts'
import type { HttpEnd } from '../../testkit/src/servers/http-end.ts'
import { randomPassword } from '../../testkit/src/servers/postgres.ts'
import type { Credential } from '../src/protocol/credential.ts'
import { ON_POSTGRES } from './pg-pool.ts'
import { PoolHarness } from './pool-harness.ts'

const HANDLER = fileURLToPath(new URL('../../../examples/lambda-postgres/', import.meta.url))

/** What Lambda's runtime does, as far as it matters here: an event a line. */
const RUNTIME = `
  import { createInterface } from 'node:readline'
  const { handler } = await import('./handler.ts')
  for await (const line of createInterface({ input: process.stdin }))
    console.log(JSON.stringify(await handler(JSON.parse(line))))`

/** The extension of Secrets Manager, and how often it was asked. */
interface Extension extends HttpEnd {
  asked(): number
}

/** An execution environment. */
class Environment {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>

  constructor(variables: Readonly<Record<string, string>>) {
    const args = ['--conditions=cuedot-source', '--input-type=module', '-e', RUNTIME]
    this.#child = spawn(process.execPath, args, {
      cwd: HANDLER,
      env: { ...process.env, ...variables },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const { stdout } = this.#child
    if (stdout === null) throw new Error('the process has no output')
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]()
  }

  async answer(): Promise<unknown> {
    this.#child.stdin?.write('{}\n')
    const { value, done } = await this.#answers.next()
    if (done === true) throw new Error('the process has ended')
    const answer: unknown = JSON.parse(value)
    return answer
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  async end(): Promise<void> {
    this.thaw()
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

describe('a Lambda function with the pool of the example', () => {
  let harness: PoolHarness
  let store: FakeSecretsManager
  let lambda: Environment

  beforeAll(async () => {
    harness = await PoolHarness.start(ON_POSTGRES)
    store = await startSecretsManager()
  }, 120_000)

  afterAll(async () => {
    await store[Symbol.asyncDispose]()
    await harness[Symbol.asyncDispose]()
  })

  const documentOf = ({ username, password, port, dbname }: Credential): string => {
    const login = { username, password: password.reveal(), host: 'localhost', port, dbname }
    return JSON.stringify(login)
  }

  const put = async (credential: Credential, label = 'AWSCURRENT'): Promise<void> => {
    await secretsManagerAdmin(store.endpoint).call('PutSecretValue', {
      ...{ SecretId: secretId, SecretString: documentOf(credential), VersionStages: [label] },
      ClientRequestToken: crypto.randomUUID(),
    })
  }

  /** The server closes whatever this user has. */
  const terminate = async ({ username }: Credential): Promise<void> => {
    await harness.root.ask(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE usename = ${pg.escapeLiteral(username)}`,
    )
  }

  let secretId = ''
  let variables: Readonly<Record<string, string>>

  beforeEach(async () => {
    await harness.begin()
    secretId = `lambda-${crypto.randomUUID()}`
    await secretsManagerAdmin(store.endpoint).createSecret(secretId, documentOf(harness.a))
    variables = {
      ...AWS_ENVIRONMENT,
      ...{ AWS_REGION: 'eu-central-1', AWS_ENDPOINT_URL_SECRETS_MANAGER: store.endpoint },
      ...{ DB_SECRET_ID: secretId, DB_CA: await readFile(harness.engine.caFile, 'utf8') },
      // Nobody listens there: the extension is not a layer of this function.
      ...{ PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: '1', AWS_SESSION_TOKEN: 'of the environment' },
    }
    lambda = new Environment(variables)
  })

  afterEach(async () => {
    await lambda.end()
    await harness.finish()
  })

  const good = (username: string): object => {
    return { statusCode: 200, body: JSON.stringify({ who: username }) }
  }

  test('F78 logs in once for many events', async () => {
    for (let n = 0; n < 5; n++) expect(await lambda.answer()).toEqual(good(harness.a.username))
    expect(await harness.sessionsOf(harness.a)).toHaveLength(1)
  })

  test('F78 F81 goes on after a password that has changed while it was frozen', async () => {
    await lambda.answer()
    lambda.freeze()
    const changed = await harness.fresh(harness.a)
    await put(changed)
    await terminate(changed)
    lambda.thaw()
    expect(await lambda.answer()).toEqual(good(changed.username))
  })

  test('F78 goes on in the midst of a rotation of one user', async () => {
    await lambda.answer()
    lambda.freeze()
    const changed = await harness.fresh(harness.a)
    await put(changed, 'AWSPENDING')
    await terminate(changed)
    lambda.thaw()
    expect(await lambda.answer()).toEqual(good(changed.username))
  })

  test('F79 says that it is unavailable where no password works, and recovers', async () => {
    await lambda.answer()
    const broken = { ...harness.a, password: randomPassword('nobody') }
    const right = await harness.fresh(harness.a)
    await put(broken)
    await terminate(right)
    const unavailable = { statusCode: 503, body: '{"error":"Service temporarily unavailable"}' }
    expect(await lambda.answer()).toEqual(unavailable)
    await put(right)
    await expect.poll(() => lambda.answer(), { timeout: 30_000 }).toEqual(good(harness.a.username))
  })

  /** The extension, which answers so many requests with what it says while it starts. */
  async function extensionThatStartsFor(requests: number): Promise<Extension> {
    let asked = 0
    const starting = 'not ready to serve traffic, please wait'
    const SecretString = documentOf(harness.a)
    const extension = await startHttpEnd(async (_, response) => {
      const isStarting = asked++ < requests
      const answer = JSON.stringify({ VersionId: 'of the extension', SecretString })
      response.writeHead(isStarting ? 400 : 200).end(isStarting ? starting : answer)
    })
    await lambda.end()
    const PARAMETERS_SECRETS_EXTENSION_HTTP_PORT = String(extension.port)
    lambda = new Environment({ ...variables, PARAMETERS_SECRETS_EXTENSION_HTTP_PORT })
    return Object.assign(extension, { asked: () => asked })
  }

  test('L14 waits for the extension while it starts', async () => {
    await using extension = await extensionThatStartsFor(3)
    const before = store.log.length
    expect(await lambda.answer()).toEqual(good(harness.a.username))
    expect(extension.asked()).toBe(4)
    expect(store.log.slice(before)).toEqual([])
  })

  test('L14 asks Secrets Manager where the extension does not get ready', async () => {
    await using extension = await extensionThatStartsFor(Infinity)
    expect(await lambda.answer()).toEqual(good(harness.a.username))
    expect(extension.asked()).toBe(5)
    expect(store.calls.at(-1)).toEqual({ action: 'GetSecretValue', secret: secretId })
  })
})
