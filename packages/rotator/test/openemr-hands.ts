import type { RowDataPacket } from 'mysql2/promise'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import type { SlotText } from '../../testkit/src/openemr/world.ts'
import { lastLine, loggedIn } from './openemr-fixture.ts'
import type { EcsStart, EcsWorld } from './openemr-fixture.ts'

/** A world whose application is stopped: for tests that ask for nothing of its workers. */
export function atRest(at: EcsStart['at']): EcsStart {
  return { at, service: { desired: 0 } }
}

/** Puts a secret as an operator or a deployment script does. Undefined members are left out. */
export async function putSecret(
  { world }: Pick<EcsWorld, 'world'>,
  name: 'slots' | 'admin',
  document: object | string,
): Promise<void> {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  const store = secretsManagerAdmin(world.store.endpoint)
  await store.call('PutSecretValue', { SecretId: name, SecretString: text })
}

/** The admin's secret as it is now. */
export interface AdminText {
  readonly username: string
  readonly password: string
  readonly [key: string]: unknown
}

/** What AWSCURRENT of the admin's secret holds. */
export function adminOf({ world }: EcsWorld): AdminText {
  const admin: AdminText = JSON.parse(world.store.peek('admin', 'AWSCURRENT') ?? '{}')
  return admin
}

/** True when the database takes this login; false when it denies it. */
export async function logsIn(
  it: EcsWorld,
  { username, password }: Pick<SlotText, 'username' | 'password'>,
): Promise<boolean> {
  try {
    await using login = await loggedIn(it, { username, password })
    await login.ping()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ER_ACCESS_DENIED_ERROR')
      return false
    throw error
  }
}

/** What a dry run tells that a rotation would do. */
export async function planOf(it: EcsWorld): Promise<readonly unknown[]> {
  const { plan } = lastLine(await it.run(['--dry-run', '--log-json']))
  if (!Array.isArray(plan)) throw new Error('a dry run that tells no plan')
  const steps: readonly unknown[] = plan
  return steps
}

/** The plan where nothing is amiss and slot A is active. */
export const A_TO_B: readonly string[] = [
  ...['open B', 'set B', 'flip B', 'publish B at sqlconf', 'roll B at service'],
  ...['drain A', 'stage A', 'retire A', 'close A'],
  ...['admin: open', 'admin: set', 'admin: flip'],
]

/** A counter of the server, as `Aborted_clients`. */
export async function counter({ world }: EcsWorld, name: string): Promise<number> {
  const [rows] = await world.root.query<RowDataPacket[]>('SHOW GLOBAL STATUS LIKE ?', [name])
  return Number(rows[0]?.['Value'])
}
