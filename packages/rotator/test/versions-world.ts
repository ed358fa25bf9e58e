import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sensitive } from '@cuedot/client/protocol'
import { soon } from '../../testkit/src/conformance/database-fixture.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import type { SecretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { createKeyFile } from '../src/adapters/file-store/key-file.ts'
import { createFileSecret } from '../src/adapters/file-store/store.ts'
import { cuedot } from './cli-process.ts'
import type { CliResult } from './cli-process.ts'

/** Every value in this world. */
export const CANARY = 'canary-in-every-version'

/** Two targets, `app` in our fake of Secrets Manager and `local` in a file, and no database. */
export interface SecretsWorld extends AsyncDisposable {
  readonly fake: FakeSecretsManager
  readonly admin: SecretsManagerAdmin
  /** The secret of `app`. */
  readonly secret: string
  /** Stages another version of it. @returns its id */
  stage(): Promise<string>
  /** Runs the command line. @throws when it has shown a value */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CliResult>
}

/** Starts the fake and writes the configuration into a folder of its own. */
export async function startSecretsWorld(): Promise<SecretsWorld> {
  const fake = await startSecretsManager()
  const admin = secretsManagerAdmin(fake.endpoint)
  const secret = `secret-${randomUUID()}`
  await admin.createSecret(secret, CANARY)
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-secrets-'))
  const key = await createKeyFile(join(dir, 'key'))
  const path = join(dir, 'local.cuedot')
  await createFileSecret({ path, key }, new Sensitive(CANARY, 'value'), soon())
  await writeFile(join(dir, 'cuedot.yaml'), yaml(secret))
  const aws = {
    ...{ AWS_ENDPOINT_URL: fake.endpoint, AWS_REGION: 'us-east-1' },
    ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
  }
  return {
    ...{ fake, admin, secret },
    stage: async () => {
      const token = randomUUID()
      const version = { SecretId: secret, ClientRequestToken: token, SecretString: CANARY }
      await admin.call('PutSecretValue', { ...version, VersionStages: ['AWSPENDING'] })
      return token
    },
    run: async (args, env = {}) => {
      const result = await cuedot(args, { cwd: dir, env: { ...aws, ...env } })
      if (`${result.stdout}${result.stderr}`.includes(CANARY)) throw new Error('a value was shown')
      return result
    },
    async [Symbol.asyncDispose]() {
      await fake[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function yaml(secret: string): string {
  const database = '{ engine: postgres, endpoints: ["127.0.0.1:1"], dbname: app, tls: off }'
  return `version: 1
targets:
  app:
    strategy: single-user
    store: { kind: secrets-manager, secret: ${secret} }
    database: ${database}
  local:
    strategy: single-user
    store: { kind: file, path: local.cuedot, key_file: key }
    database: ${database}
`
}
