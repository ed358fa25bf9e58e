import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startChild } from '../child.ts'
import type { Child } from '../child.ts'
import { freePort } from '../ports.ts'
import { makeTestTls } from '../tls.ts'
import type { TestTls } from '../tls.ts'
import { Api } from './api.ts'
import { kubernetesProgram } from './programs.ts'

/** Longest wait for each program. All of them take a few seconds on an idle machine. */
const READY_MS = 120_000

/** etcd, kube-apiserver with RBAC and kube-controller-manager, on free ports of 127.0.0.1. */
export interface Cluster extends AsyncDisposable {
  /** As `https://127.0.0.1:6443`. */
  readonly url: string
  readonly caFile: string
  /** As a member of `system:masters`. */
  readonly admin: Api
  /** Writes a kubeconfig for whoever has this token; returns its path. */
  kubeconfig(token: string, namespace: string): Promise<string>
  readonly adminToken: string
  /** Keeps the controllers from doing anything until it is disposed. */
  holdControllers(): Disposable
}

/** The controllers that a Deployment and a Job need, and the one that empties a namespace. */
const CONTROLLERS = 'deployment,replicaset,job,garbagecollector,namespace'

/** Starts a cluster of the test's own. Takes some seconds; nothing outlives it. */
export async function startCluster(): Promise<Cluster> {
  await using starting = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-kube-'))
  starting.defer(() => rm(dir, { recursive: true, force: true }))
  const tls = starting.use(await makeTestTls())
  const token = randomBytes(16).toString('hex')
  const start = async (child: Promise<Child>): Promise<Child> => {
    const started = await child
    starting.defer(() => started.end())
    return started
  }
  const etcd = await freePort()
  await start(startEtcd(dir, etcd, await freePort()))
  const port = await freePort()
  const url = `https://127.0.0.1:${port}`
  await start(startApiServer({ dir, tls, token, etcd, port }))
  const admin = starting.use(new Api({ url, ca: tls.ca, token }))
  await untilReady(admin)
  const kubeconfig = kubeconfigsIn(dir, url, tls.caFile)
  const controllers = await start(startControllers(dir, await kubeconfig(token, 'default')))
  const running = starting.move()
  return {
    ...{ url, caFile: tls.caFile, admin, kubeconfig, adminToken: token },
    holdControllers() {
      controllers.kill('SIGSTOP')
      return { [Symbol.dispose]: () => controllers.kill('SIGCONT') }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function startEtcd(dir: string, port: number, peerPort: number): Promise<Child> {
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`]
  return await startChild(
    { command: kubernetesProgram('etcd'), args: [] },
    {
      args: [
        ...['--data-dir', join(dir, 'etcd'), '--unsafe-no-fsync'],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...['--initial-cluster', `default=${peer}`],
      ],
      cwd: dir,
      ready: /ready to serve client requests/,
      limitMs: READY_MS,
    },
  )
}

interface ApiServerSetup {
  readonly dir: string
  readonly tls: TestTls
  readonly token: string
  readonly etcd: number
  readonly port: number
}

async function startApiServer(setup: ApiServerSetup): Promise<Child> {
  const { dir, tls, token, etcd, port } = setup
  const file = (name: string): string => join(dir, name)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ type: 'sec1', format: 'pem' })
  await writeFile(file('accounts.key'), key, { mode: 0o600 })
  const known = `${token},administrator,1,"system:masters"\n`
  await writeFile(file('tokens.csv'), known, { mode: 0o600 })
  return await startChild(
    { command: kubernetesProgram('kube-apiserver'), args: [] },
    {
      args: [
        `--etcd-servers=http://127.0.0.1:${etcd}`,
        ...['--bind-address=127.0.0.1', `--secure-port=${port}`, `--cert-dir=${file('certs')}`],
        ...[`--tls-cert-file=${tls.certFile}`, `--tls-private-key-file=${tls.keyFile}`],
        ...[`--token-auth-file=${file('tokens.csv')}`, '--authorization-mode=RBAC'],
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-key-file=${file('accounts.key')}`,
        `--service-account-signing-key-file=${file('accounts.key')}`,
        // Else every pod waits for an account of its own.
        '--disable-admission-plugins=ServiceAccount',
        '--service-cluster-ip-range=10.0.0.0/24',
      ],
      cwd: dir,
      ready: /Serving securely on/,
      limitMs: READY_MS,
    },
  )
}

async function untilReady(admin: Api): Promise<void> {
  const limit = Date.now() + READY_MS
  for (;;) {
    const { status, body } = await admin.ask({ method: 'GET', path: '/readyz' })
    if (status === 200) return
    if (Date.now() > limit)
      throw new Error(`kube-apiserver is not ready: ${String(body['message'])}`)
    await pause(50)
  }
}

function kubeconfigsIn(dir: string, server: string, ca: string): Cluster['kubeconfig'] {
  return async (token, namespace) => {
    const path = join(dir, `kubeconfig-${randomBytes(6).toString('hex')}`)
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority': ca } }],
      users: [{ name: 'test', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
    }
    await writeFile(path, JSON.stringify(config), { mode: 0o600 })
    return path
  }
}

async function startControllers(dir: string, kubeconfig: string): Promise<Child> {
  return await startChild(
    { command: kubernetesProgram('kube-controller-manager'), args: [] },
    {
      args: [
        ...[`--kubeconfig=${kubeconfig}`, `--controllers=${CONTROLLERS}`, '--leader-elect=false'],
        ...['--port=0', '--secure-port=0', `--cert-dir=${join(dir, 'controller-certs')}`],
        ...['--kube-api-qps=200', '--kube-api-burst=400'],
      ],
      cwd: dir,
      ready: /Caches are synced for deployment/,
      limitMs: READY_MS,
    },
  )
}
