import { mkdtempDisposable, rename, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createCredentials } from '../credentials/credentials.ts'
import type { HeldCredential } from '../credentials/credentials.ts'
import type { CredentialsError } from '../credentials/errors.ts'
import type { CredentialSource } from '../credentials/source.ts'
import { credentialVariables } from './env.ts'
import { credentialFile } from './file.ts'

/** What a source leads to: a credential, or the code and message of what is wrong. */
async function outcome(source: CredentialSource): Promise<HeldCredential | CredentialsError> {
  using credentials = createCredentials(source, { pollMs: 0 })
  const { promise, resolve } = Promise.withResolvers<CredentialsError>()
  credentials.on('trouble', ({ error }) => resolve(error))
  return await Promise.race([credentials.get(), promise])
}

describe('the environment', () => {
  const some = { DB_USER: 'app', DB_PASSWORD: 'canary', DB_HOST: 'db', DB_PORT: '5432' }

  test('has a credential', async () => {
    const held = await outcome(credentialVariables({}, { ...some, DB_NAME: 'shop' }))
    expect(held).toMatchObject({
      versionId: 'environment',
      credential: { username: 'app', host: 'db', port: 5432, dbname: 'shop' },
    })
  })

  test('has it under other names, and a version', async () => {
    const environment = { POSTGRES_USER: 'app', DB_PASSWORD: 'canary', DB_CRED_VERSION: 'v7' }
    const held = await outcome(credentialVariables({ username: 'POSTGRES_USER' }, environment))
    expect(held).toMatchObject({ versionId: 'v7', credential: { username: 'app', host: '' } })
  })

  test.each([
    ['DB_USER', '/username'],
    ['DB_PASSWORD', '/password'],
  ])('without %s it is said what is missing', async (name, path) => {
    const said = await outcome(credentialVariables({}, { ...some, [name]: '' }))
    const message = expect.stringContaining(path)
    expect(said).toMatchObject({ code: 'ERR_DOCUMENT_SHAPE', message })
    expect(JSON.stringify(said)).not.toContain('canary')
  })

  test('holds nothing else', async () => {
    const request = { fresh: true, signal: AbortSignal.timeout(1_000) }
    const source = credentialVariables({}, some)
    await expect(source({ ...request, stage: 'AWSPENDING' })).rejects.toThrow('AWSPENDING')
  })
})

describe('a file', () => {
  const document = (password: string): string => JSON.stringify({ username: 'app', password })

  test('is read anew, and another file in its place is another version', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-client-'))
    const path = join(dir.path, 'credential.json')
    await writeFile(path, document('one'))
    using credentials = createCredentials(credentialFile(path), { pollMs: 0, cooldownMs: 0 })
    const first = await credentials.get()
    expect(first.credential.password.reveal()).toBe('one')
    expect((await credentials.refresh()).versionId).toBe(first.versionId)
    await writeFile(`${path}.new`, document('two'))
    await rename(`${path}.new`, path)
    const second = await credentials.refresh()
    expect(second.credential.password.reveal()).toBe('two')
    expect(second.versionId).not.toBe(first.versionId)
  })

  test('is found behind links, as Kubernetes mounts it', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-client-'))
    const at = (name: string): string => join(dir.path, name)
    for (const name of ['one', 'two']) await writeFile(at(name), document(name))
    await symlink('one', at('data'))
    using credentials = createCredentials(credentialFile(at('data')), { pollMs: 0, cooldownMs: 0 })
    expect((await credentials.get()).credential.password.reveal()).toBe('one')
    await symlink('two', at('data.new'))
    await rename(at('data.new'), at('data'))
    expect((await credentials.refresh()).credential.password.reveal()).toBe('two')
  })

  test.each<[string, (path: string) => Promise<void>, string]>([
    ['is not there', async () => undefined, 'ERR_SOURCE'],
    ['is empty', async (path) => await writeFile(path, ''), 'ERR_DOCUMENT_NOT_JSON'],
    ['is half written', async (path) => await writeFile(path, '{"user'), 'ERR_DOCUMENT_NOT_JSON'],
    ['has no end', async (path) => await writeFile(path, ' '.repeat(2 ** 20 + 1)), 'ERR_SOURCE'],
  ])('that %s is told of', async (_name, make, code) => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-client-'))
    const path = join(dir.path, 'credential.json')
    await make(path)
    expect(await outcome(credentialFile(path))).toMatchObject({ code })
  })
})
