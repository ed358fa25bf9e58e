import { Sensitive } from '@cuedot/client/protocol'
import pg from 'pg'
import { scramVerifier } from '../../../rotator/src/adapters/postgres/scram.ts'
import { startRds } from '../fakes/rds.ts'
import type { FakeRds } from '../fakes/rds.ts'
import { startSecretsManager } from '../fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../fakes/secrets-manager.ts'
import type { RigEngine } from '../rig/engine.ts'
import type { Documents } from './cases.ts'
import { startWireTap } from './wire.ts'
import type { WireTap } from './wire.ts'

/** The fake of Secrets Manager, and what stands between it and the command line. */
export interface Vault extends AsyncDisposable {
  readonly fake: FakeSecretsManager
  readonly tap: WireTap
  /** Where the command line reaches it. */
  readonly seenByCli: string
}

/** Starts a fake of Secrets Manager. */
export async function startVault(): Promise<Vault> {
  await using starting = new AsyncDisposableStack()
  const fake = starting.use(await startSecretsManager())
  const tap = starting.use(await startWireTap(Number(new URL(fake.endpoint).port)))
  const running = starting.move()
  return {
    ...{ fake, tap, seenByCli: `http://127.0.0.1:${tap.port}` },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** The fake of RDS that owns the admin's credential, and what stands before it. */
export interface Owner extends AsyncDisposable {
  readonly fake: FakeRds
  readonly tap: WireTap
  /** Name of the secret that it owns. */
  readonly secret: string
  /** Leads the SDK of the command line to it. */
  readonly environment: Readonly<Record<string, string>>
}

/** The only way to another endpoint: the configuration has none. */
const ENDPOINT = 'AWS_ENDPOINT_URL_RDS'
const SECRET = 'rds!db-crash'

/** Starts a fake of RDS whose database is this PostgreSQL, and makes its secret in the vault. */
export async function startOwner(
  engine: RigEngine,
  { fake: { managed } }: Vault,
  { admin }: Documents,
): Promise<Owner> {
  await using starting = new AsyncDisposableStack()
  const secretArn = managed.create(SECRET, JSON.stringify(admin), {
    service: 'rds',
    tag: 'aws:rds:primaryDBInstanceArn',
    resource: 'arn:aws:rds:eu-central-1:123456789012:db:crash',
  })
  const { username } = engine.admin
  const setPassword = async (user: string, password: string): Promise<void> => {
    // The server logs every statement.
    const verifier = await scramVerifier(new Sensitive(password, 'managed password'))
    await using root = await engine.root()
    await root.ask(`ALTER ROLE ${pg.escapeIdentifier(user)} PASSWORD ${pg.escapeLiteral(verifier)}`)
  }
  const rotated = { secrets: managed, secret: SECRET, username, setPassword }
  const fake = starting.use(
    await startRds({ ...rotated, kind: 'instance', id: 'crash', secretArn }),
  )
  const tap = starting.use(await startWireTap(fake.port))
  // This process looks at the target, too. It has one such world at a time.
  process.env[ENDPOINT] = fake.endpoint
  starting.defer(() => void delete process.env[ENDPOINT])
  const running = starting.move()
  return {
    ...{ fake, tap, secret: SECRET, environment: { [ENDPOINT]: `http://127.0.0.1:${tap.port}` } },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
