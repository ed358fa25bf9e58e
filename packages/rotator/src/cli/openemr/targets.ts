import { join } from 'node:path'
import { parsePlainConfig } from '../../config/plain.ts'
import type { Config } from '../../config/types.ts'
import type { DatabasePlace } from './place.ts'
import type { Platform, Variables } from './variables.ts'

/** Where the values of a composed configuration come from, for messages. */
const SOURCE = 'the environment'

/** The names of the two targets. They name locks, and one server may have several OpenEMRs. */
export interface TargetNames {
  readonly slots: string
  readonly admin: string
}

/** What {@link targetsOf} calls the targets of this database. */
export function targetNames({ dbname }: Pick<DatabasePlace, 'dbname'>): TargetNames {
  const name = dbname.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 80)
  return { slots: `openemr.${name}`, admin: `openemr.${name}.admin` }
}

/** OpenEMR's sqlconf.php. */
export function sqlconfOf(mountRoot: string): string {
  return join(mountRoot, 'default', 'sqlconf.php')
}

/**
 * The two targets of an OpenEMR: its slots, and the admin that changes them. As somebody would
 * write them into cuedot.yaml, so whatever a target can do, these can.
 *
 * @throws ERR_CONFIG for what the schema of cuedot.yaml refuses
 */
export function targetsOf(variables: Variables, place: DatabasePlace): Config {
  const names = targetNames(place)
  const { engine, host, port, dbname } = place
  const database = { engine, endpoints: [endpointOf(host, port)], dbname }
  const store = (secret: string): object => ({
    ...{ kind: 'secrets-manager', secret, region: variables.region },
  })
  const admin = store(variables.adminSecret)
  const { publish, roll } = consumersOf(variables)
  return parsePlainConfig(
    {
      version: 1,
      targets: {
        [names.slots]: {
          strategy: 'alternating',
          store: store(variables.slotSecret),
          initial: { user: 'admin', privileges: 'all' },
          admin: { store: admin },
          ...{ database, publish, roll, drain: DRAIN },
        },
        [names.admin]: { strategy: 'single-user', store: admin, database },
      },
    },
    SOURCE,
  )
}

/** A rollout that is over has ended every old worker, so the window may be short. */
const DRAIN = { quiet: '100ms', limit: '15m', poll: '50ms' }

interface Consumers {
  readonly publish: readonly object[]
  readonly roll: readonly object[]
}

function consumersOf({ mountRoot, region, platform, roll }: Variables): Consumers {
  const file = { kind: 'php-sqlconf', id: 'sqlconf', path: sqlconfOf(mountRoot) }
  if (platform.kind === 'ecs')
    return { publish: [file], roll: [{ ...serviceOf(platform, region), ...roll }] }
  const { namespace, secret, deployment } = platform
  const keys = {
    username: 'mysql-user',
    password: 'mysql-password',
    host: 'mysql-host',
    dbname: 'mysql-database',
  }
  return {
    publish: [file, { kind: 'kubernetes-secret', id: 'secret', namespace, name: secret, keys }],
    roll: [
      { kind: 'kubernetes-deployment', id: 'deployment', namespace, name: deployment, ...roll },
    ],
  }
}

function serviceOf({ cluster, service }: Platform & { kind: 'ecs' }, region: string): object {
  return { kind: 'ecs-service', id: 'service', cluster, service, region }
}

function endpointOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
