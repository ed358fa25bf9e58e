import type { DBCluster, DBInstance } from '@aws-sdk/client-rds'
import { rotationEngine } from '@cuedot/client/protocol'
import { isRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { RegisteredServer, ServerRegistry } from '../../ports/rotation-secret.ts'
import type { AwsOptions } from '../common/aws-client.ts'
import { rdsConnector } from './connect.ts'
import type { RdsConnection } from './connect.ts'
import { classifyRds } from './failures.ts'
import type { RdsOperation } from './failures.ts'
import { nameOf, resourceOf } from './resource.ts'
import type { RdsResource } from './resource.ts'

/**
 * RDS, as what knows its servers. An instance is asked for by the first label of its host, which is
 * its identifier. A host of which RDS knows nothing is a replica of nothing. What a replica copies
 * is asked for in the region that its ARN names.
 *
 * @throws ERR_OWNER_*
 * @see Amazon RDS API reference, DBInstance (Endpoint, DBInstanceArn,
 *   ReadReplicaSourceDBInstanceIdentifier) and DBCluster (Endpoint, ReaderEndpoint)
 */
export function rdsRegistry(options: AwsOptions): ServerRegistry {
  const connection = rdsConnector(options)
  return {
    sourceOf: async (host, call) => {
      const [id = ''] = host.split('.', 1)
      if (!IDENTIFIER.test(id)) return undefined
      const replica = await instance({ connection, call, resource: { kind: 'instance', id } })
      const source = replica?.ReadReplicaSourceDBInstanceIdentifier
      const isHost = replica?.Endpoint?.Address?.toLowerCase() === host.toLowerCase()
      return isHost && source !== undefined
        ? await hostOf(source, { options, connection, call })
        : undefined
    },
    hostsOf: async (arn, call) => {
      const asking = { connection, call, resource: resourceOf(arn, arn) }
      if (asking.resource.kind === 'cluster') return await clusterHosts(asking)
      const address = (await instance(asking))?.Endpoint?.Address
      return address === undefined ? [] : [address]
    },
    writerOf: async (arn, call) => {
      const asking = { connection, call, resource: resourceOf(arn, arn) }
      if (asking.resource.kind === 'instance') {
        const found = await instance(asking)
        return serverOf(found?.Engine, found?.Endpoint?.Address, found?.Endpoint?.Port)
      }
      const found = await cluster(asking)
      return serverOf(found?.Engine, found?.Endpoint, found?.Port)
    },
  }
}

/**
 * RDS refuses to look for anything else.
 * @see Amazon RDS API reference, CreateDBInstance, DBInstanceIdentifier, "Constraints"
 */
const IDENTIFIER = /^[a-z][a-z0-9-]{0,62}$/i

/** Within a region the source of a replica is an identifier, across regions an ARN. */
async function hostOf(
  source: string,
  { options, connection, call }: Omit<Asking, 'resource'> & { readonly options: AwsOptions },
): Promise<string | undefined> {
  const region = /^arn:[^:]+:rds:([^:]+):/.exec(source)?.[1]
  if (region === undefined)
    return (await instance({ connection, call, resource: { kind: 'instance', id: source } }))
      ?.Endpoint?.Address
  const there = rdsConnector({ ...options, region })
  const resource = resourceOf(source, source)
  const found = await instance({ connection: there, call, resource })
  // An instance of another account may have the same name.
  return found?.DBInstanceArn === source ? found.Endpoint?.Address : undefined
}

interface Asking {
  readonly resource: RdsResource
  readonly connection: () => Promise<RdsConnection>
  readonly call: Call
}

async function instance(asking: Asking): Promise<DBInstance | undefined> {
  return await ask(asking, 'DescribeDBInstances', async ({ sdk, client }, options) => {
    const command = new sdk.DescribeDBInstancesCommand({ DBInstanceIdentifier: asking.resource.id })
    return (await client.send(command, options)).DBInstances?.[0]
  })
}

/** One that is being made has no address yet. */
function serverOf(
  engine: string | undefined,
  host: string | undefined,
  port: number | undefined,
): RegisteredServer | undefined {
  if (host === undefined || port === undefined) return undefined
  return { engine: rotationEngine(engine), host, port }
}

async function cluster(asking: Asking): Promise<DBCluster | undefined> {
  return await ask(asking, 'DescribeDBClusters', async ({ sdk, client }, options) => {
    const command = new sdk.DescribeDBClustersCommand({ DBClusterIdentifier: asking.resource.id })
    return (await client.send(command, options)).DBClusters?.[0]
  })
}

async function clusterHosts(asking: Asking): Promise<readonly string[]> {
  const found = await cluster(asking)
  return [found?.Endpoint, found?.ReaderEndpoint].filter((host) => host !== undefined)
}

async function ask<T>(
  { resource, connection, call: { signal } }: Asking,
  operation: RdsOperation,
  run: (connection: RdsConnection, options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<T | undefined> {
  const connected = await connection()
  try {
    return await run(connected, { abortSignal: signal })
  } catch (error) {
    const classified = classifyRds(error, { owner: nameOf(resource), operation, signal })
    if (isRotatorError(classified) && classified.code === 'ERR_OWNER_UNKNOWN') return undefined
    throw classified
  }
}
