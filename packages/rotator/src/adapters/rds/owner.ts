import type { DBCluster, DBInstance } from '@aws-sdk/client-rds'
import { RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { CredentialOwner, OwnerState } from '../../ports/credential-owner.ts'
import type { SecretStore } from '../../ports/secret-store.ts'
import type { AwsOptions } from '../common/aws-client.ts'
import { rdsConnector } from './connect.ts'
import type { RdsConnection } from './connect.ts'
import { classifyRds } from './failures.ts'
import type { RdsOperation } from './failures.ts'
import { nameOf, resourceOf } from './resource.ts'
import type { RdsResource } from './resource.ts'

/** Which credential, and how patient to be. */
export interface RdsOwnerOptions extends AwsOptions {
  /** The managed secret. Only its description is read here. */
  readonly store: SecretStore
  /** Default: what the tags of the secret name. */
  readonly resource?: RdsResource
  /** Longest time for a rotation, in milliseconds. 1,000 to 86,400,000. */
  readonly limitMs: number
  /** Time between two looks, in milliseconds. 50 to 600,000. */
  readonly pollMs: number
  /**
   * For how long a request whose answer was lost may stay without a visible effect, in
   * milliseconds. 0 to 600,000. Default 60,000: AWS names no bound, and says that a rotation
   * typically completes within one minute.
   */
  readonly doubtMs?: number
}

/**
 * RDS or Aurora as the owner of a managed secret.
 *
 * A rotation is asked for with `RotateMasterUserPassword` and `ApplyImmediately`; no other setting
 * is sent, so nothing else changes. It is over when `SecretStatus` is `active` again. The instance
 * or cluster counts as the owner only if it names this very secret, so that a wrong identifier
 * rotates nothing.
 *
 * @see Amazon RDS user guide, "Password management with Amazon RDS and AWS Secrets Manager",
 *   "Rotating the master user password secret" and "Viewing the details about a secret"
 * @see Amazon RDS API reference: ModifyDBInstance, ModifyDBCluster (RotateMasterUserPassword: "You
 *   must apply the change immediately"), MasterUserSecret (SecretStatus)
 * @see AWS Secrets Manager user guide, "Managed rotation": "typically completes within one minute"
 */
export function rdsOwner(options: RdsOwnerOptions): CredentialOwner {
  const { store, limitMs, pollMs, doubtMs = 60_000 } = options
  const connection = rdsConnector(options)
  return {
    limitMs,
    pollMs,
    doubtMs,
    state: async (call) => await state(options, connection, call),
    rotate: async (call) => {
      const owned = await store.owner(call)
      if (owned?.service !== 'rds')
        throw new RotatorError('ERR_OWNER_UNKNOWN', { owner: store.secret, problem: NOT_MANAGED })
      const resource = options.resource ?? resourceOf(store.secret, owned.resource)
      await askForRotation({ resource, connection, signal: call.signal })
    },
  }
}

const NOT_MANAGED = 'the secret is not managed by RDS'

async function state(
  { store, ...options }: RdsOwnerOptions,
  connection: () => Promise<RdsConnection>,
  call: Call,
): Promise<OwnerState> {
  const owned = await store.owner(call)
  if (owned?.service !== 'rds') return { state: 'stranger', says: NOT_MANAGED }
  const resource = options.resource ?? resourceOf(store.secret, owned.resource)
  const { status, secret } = await describe({ resource, connection, signal: call.signal })
  if (secret?.SecretArn !== owned.arn)
    return { state: 'stranger', says: `${nameOf(resource)} has another secret, or none` }
  const { SecretStatus: says = '' } = secret
  if (status === RESETTING) return { state: 'busy', says: status }
  return { state: STATES[says] ?? 'busy', says }
}

/**
 * The state of an instance while its password is being changed.
 * @see Amazon RDS user guide, "Viewing Amazon RDS DB instance status"
 */
const RESETTING = 'resetting-master-credentials' // RDS's own word

/** A status that is not documented is no reason to ask for anything: it is waited out. */
const STATES: Readonly<Record<string, OwnerState['state']>> = {
  active: 'ready',
  impaired: 'impaired',
}

/** One call of the port: what is asked about which resource, until when. */
interface Asking {
  readonly resource: RdsResource
  readonly connection: () => Promise<RdsConnection>
  readonly signal: AbortSignal
}

interface Described {
  readonly status: string
  readonly secret: (DBInstance | DBCluster)['MasterUserSecret']
}

async function describe(asking: Asking): Promise<Described> {
  const { id, kind } = asking.resource
  const found =
    kind === 'instance'
      ? await ask(asking, 'DescribeDBInstances', async ({ sdk, client }, options) => {
          const command = new sdk.DescribeDBInstancesCommand({ DBInstanceIdentifier: id })
          const { DBInstances: [one] = [] } = await client.send(command, options)
          return one && { status: one.DBInstanceStatus ?? '', secret: one.MasterUserSecret }
        })
      : await ask(asking, 'DescribeDBClusters', async ({ sdk, client }, options) => {
          const command = new sdk.DescribeDBClustersCommand({ DBClusterIdentifier: id })
          const { DBClusters: [one] = [] } = await client.send(command, options)
          return one && { status: one.Status ?? '', secret: one.MasterUserSecret }
        })
  if (found) return found
  const problem = 'RDS describes none'
  throw new RotatorError('ERR_OWNER_UNKNOWN', { owner: nameOf(asking.resource), problem })
}

async function askForRotation(asking: Asking): Promise<void> {
  const { id, kind } = asking.resource
  const change = { RotateMasterUserPassword: true, ApplyImmediately: true }
  if (kind === 'instance')
    await ask(asking, 'ModifyDBInstance', async ({ sdk, client }, options) => {
      const command = new sdk.ModifyDBInstanceCommand({ DBInstanceIdentifier: id, ...change })
      await client.send(command, options)
    })
  else
    await ask(asking, 'ModifyDBCluster', async ({ sdk, client }, options) => {
      const command = new sdk.ModifyDBClusterCommand({ DBClusterIdentifier: id, ...change })
      await client.send(command, options)
    })
}

/** Runs one action; every failure leaves as a classified error. */
async function ask<T>(
  { resource, connection, signal }: Asking,
  operation: RdsOperation,
  run: (connection: RdsConnection, options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const connected = await connection()
  try {
    // Past this line an abort no longer proves that nothing was sent.
    signal.throwIfAborted()
    return await run(connected, { abortSignal: signal })
  } catch (error) {
    throw classifyRds(error, { owner: nameOf(resource), operation, signal })
  }
}
