import { createHash, randomUUID } from 'node:crypto'
import { watch } from 'node:fs'
import { mkdtempDisposable, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import type { SecretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { startAgentProcess } from './agent-process.ts'
import type { AgentProcess } from './agent-process.ts'

let fake: FakeSecretsManager
let admin: SecretsManagerAdmin
let secretId = ''

beforeAll(async () => {
  fake = await startSecretsManager()
  admin = secretsManagerAdmin(fake.endpoint)
})

afterAll(async () => {
  await fake[Symbol.asyncDispose]()
})

beforeEach(async () => {
  fake.heal()
  secretId = randomUUID()
  await admin.createSecret(secretId, 'canary-1')
})

async function put(value: string): Promise<void> {
  const request = { SecretId: secretId, SecretString: value }
  await admin.call('PutSecretValue', { ...request, ClientRequestToken: randomUUID() })
}

/** An agent that keeps `value` and `json` in a folder; looks each second. */
async function keeper(folder: string, refreshSeconds = 1): Promise<AgentProcess> {
  const file = (format: string): string =>
    `[[cuedot.files]]\nsecretId = "${secretId}"\nformat = "${format}"\n` +
    `path = "${join(folder, format)}"\n`
  const cuedot = `refresh_seconds = ${refreshSeconds}\n${file('value')}${file('json')}`
  return await startAgentProcess(fake.endpoint, { cuedot })
}

/** Resolves once a file of the folder holds this. */
async function holds(folder: string, name: string, wanted: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = async (): Promise<void> => {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '')
    if (text.includes(wanted)) resolve()
  }
  // It watches from here on: no change comes between a look and the wait for the next.
  const watcher = watch(folder, () => void look())
  await look()
  await promise
  watcher.close()
}

describe('files', () => {
  test('are written at the start and when the secret changes, for this user alone', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
    const left = createHash('sha256').update('value').digest('hex').slice(0, 16)
    await writeFile(join(dir.path, `.cuedot-${left}-0`), 'of an agent that was killed')
    await using agent = await keeper(dir.path)
    await holds(dir.path, 'value', 'canary-1')
    await holds(dir.path, 'json', 'canary-1')
    expect((await stat(join(dir.path, 'value'))).mode & 0o777).toBe(0o600)
    await put('canary-2')
    await holds(dir.path, 'value', 'canary-2')
    expect(await readFile(join(dir.path, 'value'), 'utf8')).toBe('canary-2')
    await holds(dir.path, 'json', 'canary-2')
    const json: unknown = JSON.parse(await readFile(join(dir.path, 'json'), 'utf8'))
    expect(json).toMatchObject({ Name: secretId, VersionStages: ['AWSCURRENT'] })
    expect((await readdir(dir.path)).toSorted()).toEqual(['json', 'value'])
    agent.child.kill('SIGTERM')
    expect(await agent.ended).toBe(0)
    expect(agent.output()).not.toContain('canary')
  })

  test('are written as soon as somebody is given something newer', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
    await using agent = await keeper(dir.path, 3600)
    await holds(dir.path, 'value', 'canary-1')
    await put('canary-2')
    await agent.ask(`/v1/${secretId}?refreshNow=true`)
    await holds(dir.path, 'value', 'canary-2')
    expect(await readFile(join(dir.path, 'value'), 'utf8')).toBe('canary-2')
  })

  test('that somebody removes come back, and wait while the secret cannot be had', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
    fake.fail({ kind: 'denied', calls: 2, secret: secretId })
    await using agent = await keeper(dir.path)
    await holds(dir.path, 'value', 'canary-1')
    expect(agent.output()).toMatch(/the files of "[\w-]+" wait: AccessDeniedException/)
    await rm(join(dir.path, 'value'))
    await holds(dir.path, 'value', 'canary-1')
  })

  test('that cannot be written do not hinder the agent', async () => {
    await using agent = await keeper('/nowhere')
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (/cannot write "\/nowhere\/value": ENOENT/.test(agent.output())) resolve()
    }
    agent.child.stdout?.on('data', look)
    look()
    await promise
    expect((await agent.ask(`/v1/${secretId}`)).status).toBe(200)
  })
})
