import type { XmlTree } from './rds-xml.ts'

/** Where a server says that it is. */
export interface RdsPlace {
  readonly kind: 'instance' | 'cluster'
  readonly address: string
  readonly port: number
  /** As RDS names it. Default `postgres`. */
  readonly engine?: string
  /** Of a cluster. */
  readonly readerAddress?: string
}

/** An instance or a cluster that RDS describes. */
export interface RdsServer extends RdsPlace {
  readonly id: string
  /** Default: the region of whoever asks. */
  readonly region?: string
  /** What an instance is a read replica of: an identifier, or an ARN across regions. */
  readonly source?: string
}

/** Whether a request in this region means this server. */
export function isCalled(server: RdsServer, id: string, region: string): boolean {
  const isHere = server.region === undefined || server.region === region
  return isHere && server.id.toLowerCase() === id.toLowerCase()
}

/** ARN of an instance of the fake's account. */
export function instanceArn(id: string, region: string): string {
  return `arn:aws:rds:${region}:123456789012:db:${id}`
}

/** @see Amazon RDS API reference, DBInstance */
export function instanceXml(server: RdsServer, region: string): XmlTree {
  return {
    DBInstanceIdentifier: server.id,
    DBInstanceArn: instanceArn(server.id, region),
    DBInstanceStatus: 'available',
    ...endpointXml(server),
    ReadReplicaSourceDBInstanceIdentifier: server.source,
  }
}

/** @see Amazon RDS API reference, DBCluster */
export function clusterXml(server: RdsServer, region: string): XmlTree {
  return {
    DBClusterIdentifier: server.id,
    DBClusterArn: `arn:aws:rds:${region}:123456789012:cluster:${server.id}`,
    Status: 'available',
    ...endpointXml(server),
  }
}

/** A cluster has names and one port; an instance has a structure. */
export function endpointXml(place: RdsPlace): XmlTree {
  const { kind, address, port, readerAddress, engine: Engine = 'postgres' } = place
  const Port = String(port)
  if (kind === 'instance') return { Engine, Endpoint: { Address: address, Port } }
  return { Engine, Endpoint: address, ReaderEndpoint: readerAddress, Port }
}
