import { readFile } from 'node:fs/promises'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, expect } from 'vitest'
import {
  createDeployment,
  DEPLOYMENT,
  openemrRules,
} from '../../testkit/src/conformance/kubernetes-deployment.ts'
import { createSecret, SECRET } from '../../testkit/src/conformance/kubernetes-secret.ts'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { FakeCluster, FakeNamespace } from '../../testkit/src/fakes/kubernetes.ts'
import { startEcs } from '../../testkit/src/fakes/ecs.ts'
import type { EcsFakeOptions, FakeEcs } from '../../testkit/src/fakes/ecs.ts'
import type { ServiceSpec } from '../../testkit/src/fakes/ecs-service.ts'
import type { TaskCommand } from '../../testkit/src/fakes/ecs-task.ts'
import { startOpenemr } from '../../testkit/src/openemr/world.ts'
import { mariadbForOpenemr, mysqlForOpenemr } from '../../testkit/src/openemr/server.ts'
import type { OpenemrServer } from '../../testkit/src/openemr/server.ts'
import type { OpenemrStart, OpenemrWorld } from '../../testkit/src/openemr/world.ts'
import { makeTestTls } from '../../testkit/src/servers/tls.ts'
import type { TestTls } from '../../testkit/src/servers/tls.ts'
import { cuedot, startCuedot } from './cli-process.ts'
import type { CliProcess, CliResult } from './cli-process.ts'

/** A server for the worlds of one file of tests. */
export interface OpenemrDatabase {
  readonly server: OpenemrServer
  readonly tls: TestTls
}

/** Registers what begins and ends a MariaDB. @returns it, once it runs */
export function useMariadb(): () => OpenemrDatabase {
  let running: OpenemrDatabase
  beforeAll(async () => {
    const tls = await makeTestTls()
    running = { tls, server: await mariadbForOpenemr(tls) }
  })
  afterAll(async () => {
    await running.server[Symbol.asyncDispose]()
    await running.tls[Symbol.asyncDispose]()
  })
  return () => running
}

/** A MySQL and a cluster of its own for all tests of a file. */
export function useMysqlOnEks(): () => OpenemrDatabase & { readonly cluster: FakeCluster } {
  let running: OpenemrDatabase & { readonly cluster: FakeCluster }
  beforeAll(async () => {
    const tls = await makeTestTls()
    const server = await mysqlForOpenemr(tls)
    running = { tls, server, cluster: await startFakeCluster() }
  })
  afterAll(async () => {
    await running.cluster[Symbol.asyncDispose]()
    await running.server[Symbol.asyncDispose]()
    await running.tls[Symbol.asyncDispose]()
  })
  return () => running
}

/** OpenEMR on ECS, and the task that rotates its credentials. */
export interface EcsWorld extends AsyncDisposable {
  readonly world: OpenemrWorld
  readonly ecs: FakeEcs
  readonly env: Readonly<Record<string, string>>
  /** `cuedot openemr …args` with the task's environment. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CliResult>
  start(args: readonly string[]): CliProcess
}

/** What a world begins with, and how its service behaves. */
export interface EcsStart extends OpenemrStart {
  readonly service?: Partial<ServiceSpec>
  /** What the next task runs. Default: what it usually does. */
  readonly command?: (usual: TaskCommand) => TaskCommand
  /** What else the cluster has. */
  readonly cluster?: Pick<EcsFakeOptions, 'definitions' | 'log' | 'run'>
}

const [CLUSTER, SERVICE] = ['openemr', 'web']

/** Starts a world whose workers are tasks of a service. */
export async function openemrOnEcs(
  { server, tls }: OpenemrDatabase,
  options: EcsStart,
): Promise<EcsWorld> {
  await using starting = new AsyncDisposableStack()
  const world = starting.use(await startOpenemr(server, tls, options))
  const worker: TaskCommand = { argv: world.worker, ready: /ready/ }
  const { command = (usual) => usual } = options
  const spec = { name: SERVICE, desired: 2, command: () => command(worker), ...options.service }
  const ecs = starting.use(
    await startEcs({ cluster: CLUSTER, services: [spec], ...options.cluster }),
  )
  await ecs.service(SERVICE).until(() => ecs.service(SERVICE).primary.rolloutState === 'COMPLETED')
  const env = {
    ...world.env,
    ...{ AWS_ENDPOINT_URL_ECS: ecs.endpoint },
    ...{ OPENEMR_ECS_CLUSTER: CLUSTER, OPENEMR_ECS_SERVICE: SERVICE },
  }
  const running = starting.move()
  return {
    ...{ world, ecs, env },
    run: (args, more) =>
      cuedot(['openemr', ...args], { cwd: world.sites, env: { ...env, ...more } }),
    start: (args) => startCuedot(['openemr', ...args], { cwd: world.sites, env }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** OpenEMR on EKS, and the Job that rotates its credentials. */
export interface EksWorld extends AsyncDisposable {
  readonly world: OpenemrWorld
  readonly kubernetes: FakeNamespace
  readonly env: Readonly<Record<string, string>>
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CliResult>
  start(args: readonly string[]): CliProcess
}

/** Starts a world whose workers are pods of a Deployment. */
export async function openemrOnEks(
  server: OpenemrServer,
  { tls, cluster }: { readonly tls: TestTls; readonly cluster: FakeCluster },
  options: OpenemrStart,
): Promise<EksWorld> {
  await using starting = new AsyncDisposableStack()
  const world = starting.use(await startOpenemr(server, tls, options))
  const kubernetes = starting.use(await cluster.namespace())
  await createSecret(kubernetes, world.initial)
  await createDeployment(kubernetes, { command: world.worker })
  const env = {
    ...world.env,
    ...{ KUBECONFIG: await kubernetes.userWith(openemrRules()), K8S_SECRET_NAME: SECRET },
    ...{ K8S_NAMESPACE: kubernetes.namespace, K8S_DEPLOYMENT_NAME: DEPLOYMENT },
  }
  const running = starting.move()
  return {
    ...{ world, kubernetes, env },
    run: (args, more) =>
      cuedot(['openemr', ...args], { cwd: world.sites, env: { ...env, ...more } }),
    start: (args) => startCuedot(['openemr', ...args], { cwd: world.sites, env }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** The last line of what a command has printed, as those read it who wait for it. */
export function lastLine({ stdout }: CliResult): Record<string, unknown> {
  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  const status: Record<string, unknown> = JSON.parse(line)
  return status
}

/** Everything that a run could have changed. */
export async function everything({ world, ecs }: EcsWorld): Promise<object> {
  const label = (name: string): readonly (string | undefined)[] =>
    ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS'].map((one) => world.store.peek(name, one))
  return {
    accounts: await world.accounts(),
    secrets: [label('slots'), label('admin')],
    file: await readFile(world.sqlconf, 'latin1'),
    deployments: ecs.service('web').begun.length,
  }
}

/** No password that was ever stored is in what a run has said. */
export function expectSilent(ended: CliResult, passwords: readonly string[]): void {
  expect(passwords.length).toBeGreaterThan(1)
  for (const password of passwords)
    expect(`${ended.stdout}${ended.stderr}`.includes(password)).toBe(false)
}

/** Every password that is current. */
export function passwordsOf({ world }: EcsWorld): readonly string[] {
  const { A, B } = world.slots()
  const admin: { password: string } = JSON.parse(world.store.peek('admin', 'AWSCURRENT') ?? '{}')
  return [A.password, B.password, admin.password]
}

/** A session that stays open. */
export async function loggedIn(
  it: EcsWorld,
  login: {
    readonly username: string
    readonly password: string
  },
): Promise<AsyncDisposable & { ping(): Promise<void> }> {
  const { username: user, password } = login
  const { tls, initial } = it.world
  const at = { host: 'localhost', port: initial.port, ssl: { ca: tls.ca } }
  const session = await createConnection({ ...at, user, password })
  return { ping: () => session.ping(), [Symbol.asyncDispose]: () => session.end() }
}
