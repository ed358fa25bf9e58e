import { randomUUID } from 'node:crypto'
import { Sensitive } from '@cuedot/client/protocol'
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest'
import { soon } from '../../testkit/src/conformance/database-fixture.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import type { SecretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { secretsManagerStore } from '../src/adapters/secrets-manager/store.ts'
import type { SecretStore } from '../src/ports/secret-store.ts'

/** A value that is found again wherever it leaks to. */
export const VALUE: Sensitive = new Sensitive('{"v":2,"password":"canary-in-transit"}', 'value')

/** Our fake, with a secret and a store on it that are new for every test. */
export class SecretsManagerSuite {
  fake!: FakeSecretsManager
  admin!: SecretsManagerAdmin
  name = ''
  /** The id of the secret's first version. */
  first = ''
  store!: SecretStore
  #since = 0

  /** The actions that the store has asked for since the beginning of the test. */
  asked(): readonly string[] {
    return this.fake.log.slice(this.#since)
  }

  /** From now on `asked` leaves out what has been asked so far. */
  forget(): void {
    this.#since = this.fake.log.length
  }
}

/** Registers what begins and ends the fake; what it returns is filled before each test. */
export function useSecretsManager(): SecretsManagerSuite {
  const suite = new SecretsManagerSuite()
  useAwsCredentials()
  beforeAll(async () => {
    suite.fake = await startSecretsManager()
    suite.admin = secretsManagerAdmin(suite.fake.endpoint)
  })
  afterAll(async () => {
    await suite.fake[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    suite.name = `secret-${randomUUID()}`
    await suite.admin.createSecret(suite.name, '{"v":1}')
    const { endpoint } = suite.fake
    suite.store = secretsManagerStore({ secret: suite.name, endpoint, requestTimeoutMs: 2000 })
    suite.first = (await suite.store.read(soon())).current.id
    suite.forget()
  })
  afterEach(() => {
    suite.fake.heal()
  })
  return suite
}

/** Credentials that every emulator takes, and never the machine's own. */
function useAwsCredentials(): void {
  beforeEach(() => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
    vi.stubEnv('AWS_REGION', 'us-east-1')
  })
  afterEach(() => {
    vi.unstubAllEnvs()
  })
}
