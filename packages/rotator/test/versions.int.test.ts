// Goal: every store tells all of its versions, and none of them tells a value.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Sensitive } from '@cuedot/client/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, soon } from '../../testkit/src/conformance/database-fixture.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startMoto } from '../../testkit/src/servers/moto.ts'
import { createKeyFile } from '../src/adapters/file-store/key-file.ts'
import { createFileSecret, fileStore, fileVersions } from '../src/adapters/file-store/store.ts'
import { versionsIamActions } from '../src/adapters/secrets-manager/iam.ts'
import { secretsManagerStore } from '../src/adapters/secrets-manager/store.ts'
import { secretVersions } from '../src/adapters/secrets-manager/versions.ts'
import { isRotatorError } from '../src/errors.ts'
import type { SecretStore } from '../src/ports/secret-store.ts'
import type { ListedVersion, VersionList } from '../src/ports/version-list.ts'
import { VALUE, useSecretsManager } from './secrets-manager-fixture.ts'
import { startPaged } from './versions-pages.ts'

const suite = useSecretsManager()

// Where there is none it prints so.
const moto = await startMoto()
let dir = ''

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cuedot-versions-'))
})

afterAll(async () => {
  await moto?.[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

/** A secret with one version, and its list. */
interface Listed {
  readonly store: SecretStore
  readonly versions: VersionList
}

async function onSecretsManager(endpoint: string): Promise<Listed> {
  const secret = `secret-${randomUUID()}`
  await secretsManagerAdmin(endpoint).createSecret(secret, 'canary')
  const options = { secret, endpoint, requestTimeoutMs: 2000 }
  return { store: secretsManagerStore(options), versions: secretVersions(options) }
}

async function inFile(): Promise<Listed> {
  const key = await createKeyFile(join(dir, randomUUID()))
  const options = { path: join(dir, `${randomUUID()}.cuedot`), key }
  await createFileSecret(options, new Sensitive('canary', 'value'), soon())
  return { store: fileStore(options), versions: fileVersions(options) }
}

function labelsOf(listed: readonly ListedVersion[]): object {
  return Object.fromEntries(listed.map(({ id, labels }) => [id, labels.toSorted()]))
}

describe.each<readonly [string, () => Promise<Listed>]>([
  ['our fake', () => onSecretsManager(suite.fake.endpoint)],
  ['a file', inFile],
  ...(moto ? [[`moto ${moto.version}`, () => onSecretsManager(moto.endpoint)] as const] : []),
])('the versions of a secret in %s', (_, make) => {
  test('F19: are all told, with their labels and dates', async () => {
    const { store, versions } = await make()
    const { id: first } = (await store.read(soon())).current
    const [second, third, fourth] = [randomUUID(), randomUUID(), randomUUID()]
    await store.stage(VALUE, second, soon())
    await store.promote(second, first, soon())
    await store.stage(VALUE, third, soon())
    await store.promote(third, second, soon())
    await store.stage(VALUE, fourth, soon())
    const listed = await versions.list(soon())
    expect(labelsOf(listed)).toMatchObject({
      ...{ [first]: [], [second]: ['AWSPREVIOUS'] },
      ...{ [third]: ['AWSCURRENT'], [fourth]: ['AWSPENDING'] },
    })
    expect(listed).toHaveLength(4)
    for (const { createdAt } of listed) expect(createdAt).toBeInstanceOf(Date)
  })

  test('hold no value', async () => {
    const { versions } = await make()
    const listed = await versions.list(soon())
    expect(inspect(listed, { depth: 9, showHidden: true })).not.toContain('canary')
    expect(listed.map((each) => Object.keys(each).toSorted())).toEqual([
      ['createdAt', 'id', 'labels'],
    ])
  })
})

describe('what is asked of Secrets Manager', () => {
  const listOf = (endpoint: string): VersionList =>
    secretVersions({ secret: suite.name, endpoint, requestTimeoutMs: 2000 })

  test('is the list and nothing else, and it stands in the list of permissions', async () => {
    await listOf(suite.fake.endpoint).list(soon())
    expect(suite.asked()).toEqual(['ListSecretVersionIds'])
    const actions = versionsIamActions.map(({ action }) => action)
    expect(actions).toEqual(['secretsmanager:ListSecretVersionIds'])
  })

  test('is every page', async () => {
    for (const token of [randomUUID(), randomUUID(), randomUUID(), randomUUID()])
      await suite.store.stage(VALUE, token, soon())
    await using paged = await startPaged(suite.fake.endpoint, 2)
    const listed = await listOf(paged.url).list(soon())
    expect(new Set(listed.map(({ id }) => id)).size).toBe(5)
    const ask = { SecretId: suite.name, IncludeDeprecated: true, MaxResults: 100 }
    expect(paged.asked).toEqual([ask, { ...ask, NextToken: '2' }, { ...ask, NextToken: '4' }])
  })

  test('is asked again when it was throttled', async () => {
    suite.fake.fail({ kind: 'throttle' })
    expect(await listOf(suite.fake.endpoint).list(soon())).toHaveLength(1)
    suite.fake.fail({ kind: 'throttle', calls: 100 })
    const code = await codeOf(listOf(suite.fake.endpoint).list(soon()))
    expect(code).toBe('ERR_STORE_THROTTLED')
  })

  test('that is refused names the action as a policy does', async () => {
    suite.fake.fail({ kind: 'denied', action: 'ListSecretVersionIds' })
    const refused: unknown = await listOf(suite.fake.endpoint)
      .list(soon())
      .catch((error: unknown) => error)
    expect(isRotatorError(refused) && [refused.code, refused.details]).toEqual([
      'ERR_STORE_DENIED',
      {
        ...{ secret: suite.name, operation: 'secretsmanager:ListSecretVersionIds' },
        problem: 'AccessDeniedException',
      },
    ])
  })

  test('may find no secret, no answer, or an end', async () => {
    const { endpoint } = suite.fake
    const missing = secretVersions({ secret: 'nobody-made-it', endpoint })
    expect(await codeOf(missing.list(soon()))).toBe('ERR_STORE_NOT_FOUND')
    suite.fake.fail({ kind: 'request-lost', calls: 100 })
    expect(await codeOf(listOf(endpoint).list(soon()))).toBe('ERR_STORE_UNREACHABLE')
    const over = { signal: AbortSignal.abort() }
    expect(await codeOf(listOf(endpoint).list(over))).toBe('ERR_STORE_UNREACHABLE')
  })
})
