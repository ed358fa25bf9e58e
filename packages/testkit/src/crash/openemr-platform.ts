import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Credential } from '@cuedot/client/protocol'
import { Sensitive } from '@cuedot/client/protocol'
import {
  createDeployment,
  DEPLOYMENT,
  openemrRules,
  patchDeployment,
  untilDeployment,
} from '../conformance/kubernetes-deployment.ts'
import { createSecret, readSecret, SECRET } from '../conformance/kubernetes-secret.ts'
import type { KubernetesObject } from '../conformance/kubernetes-fixture.ts'
import { startEcs } from '../fakes/ecs.ts'
import { startFakeKubernetes } from '../fakes/kubernetes.ts'
import type { Login } from '../rig/consumers.ts'
import { startWireTap } from './wire.ts'
import type { WireTap } from './wire.ts'

/** Where OpenEMR runs. */
export type PlatformKind = 'ecs' | 'eks'

/** What runs the workers of OpenEMR, and what stands between it and the command line. */
export interface Platform extends AsyncDisposable {
  readonly tap: WireTap
  /** By it the command line finds the platform, and what is on it. */
  readonly environment: Readonly<Record<string, string>>
  /** What workers find besides sqlconf.php. */
  published(): Promise<readonly Login[]>
  /** Ends all workers. */
  stop(): Promise<void>
  /** Starts as many as there are meant to be, and waits until they serve. */
  start(): Promise<void>
}

/** What a platform begins with. */
export interface PlatformParts {
  /** Program and arguments of a worker. */
  readonly worker: readonly [string, ...string[]]
  readonly workerEnv: Readonly<Record<string, string>>
  /** What the application runs on. */
  readonly initial: Credential
  /** A folder for what the command line is given. */
  readonly dir: string
}

const WORKERS = 2

/** Starts the fake of a platform; its workers serve when it is there. */
export async function startPlatform(kind: PlatformKind, parts: PlatformParts): Promise<Platform> {
  return kind === 'ecs' ? await ecsPlatform(parts) : await eksPlatform(parts)
}

const [CLUSTER, SERVICE] = ['openemr', 'web']

async function ecsPlatform({ worker, workerEnv }: PlatformParts): Promise<Platform> {
  await using starting = new AsyncDisposableStack()
  const command = { argv: worker, env: workerEnv, ready: /ready/ }
  const spec = { name: SERVICE, desired: WORKERS, command: () => command }
  const ecs = starting.use(await startEcs({ cluster: CLUSTER, services: [spec] }))
  const service = ecs.service(SERVICE)
  await service.until(() => service.primary.rolloutState === 'COMPLETED')
  const tap = starting.use(await startWireTap(ecs.port))
  const tasks = (): readonly string[] =>
    service.deployments.flatMap((one) => [...one.tasks].map(({ state }) => state))
  const running = starting.move()
  return {
    tap,
    environment: {
      AWS_ENDPOINT_URL_ECS: `http://127.0.0.1:${tap.port}`,
      ...{ OPENEMR_ECS_CLUSTER: CLUSTER, OPENEMR_ECS_SERVICE: SERVICE },
    },
    published: async () => [],
    async stop() {
      service.scale(0)
      await service.until(() => tasks().length === 0)
    },
    async start() {
      service.scale(WORKERS)
      await service.until(() => tasks().filter((state) => state === 'healthy').length === WORKERS)
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function eksPlatform({ worker, workerEnv, ...parts }: PlatformParts): Promise<Platform> {
  await using starting = new AsyncDisposableStack()
  const kubernetes = starting.use(await startFakeKubernetes())
  await createSecret(kubernetes, parts.initial)
  const env = Object.entries(workerEnv).map(([name, value]) => ({ name, value }))
  await createDeployment(kubernetes, { command: worker, env, replicas: WORKERS })
  const tap = starting.use(await startWireTap(Number(new URL(kubernetes.apiUrl).port)))
  const config = await readFile(await kubernetes.userWith(openemrRules()), 'utf8')
  const kubeconfig = join(parts.dir, 'kubeconfig.yaml')
  const tapped = config.replace(kubernetes.apiUrl, `https://127.0.0.1:${tap.port}`)
  await writeFile(kubeconfig, tapped, { mode: 0o600 })
  const scale = async (replicas: number): Promise<void> => {
    await patchDeployment(kubernetes, { spec: { replicas } })
    await untilDeployment(kubernetes, ({ status: { availableReplicas = 0 } }) => {
      return availableReplicas === replicas
    })
  }
  const running = starting.move()
  return {
    tap,
    environment: {
      ...{ KUBECONFIG: kubeconfig, K8S_NAMESPACE: kubernetes.namespace },
      ...{ K8S_SECRET_NAME: SECRET, K8S_DEPLOYMENT_NAME: DEPLOYMENT },
    },
    published: async () => [loginOf(await readSecret(kubernetes))],
    stop: () => scale(0),
    start: () => scale(WORKERS),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** What the Secret holds. */
function loginOf({ data }: KubernetesObject): Login {
  const held: KubernetesObject = { ...Object(data) }
  const value = (key: string): string => Buffer.from(String(held[key]), 'base64').toString('utf8')
  const password = new Sensitive(value('mysql-password'), 'password in the Secret')
  return { username: value('mysql-user'), password }
}
