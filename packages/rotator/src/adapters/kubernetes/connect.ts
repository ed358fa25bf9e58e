import { accessSync, existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type * as Sdk from '@kubernetes/client-node'
import { RotatorError } from '../../errors.ts'
import { once } from '../common/aws-client.ts'
import { CredentialsFailed } from './failures.ts'

/** Which cluster, and as whom. */
export interface ClusterOptions {
  /**
   * Path of a kubeconfig. Default: the credentials of the pod's service account; outside of a pod
   * `KUBECONFIG` and then `~/.kube/config`, as kubectl does.
   */
  readonly kubeconfig?: string
  /** A context of the kubeconfig. Default: its current one. Never taken from a pod. */
  readonly context?: string
  /** Before `/var/run/secrets/kubernetes.io/serviceaccount`. Default empty; for tests. */
  readonly root?: string
}

/** The client of one cluster. */
export interface Connection {
  readonly sdk: typeof Sdk
  readonly core: Sdk.CoreV1Api
  readonly apps: Sdk.AppsV1Api
}

/** Gives the connection, and makes a new one after the old was refused. */
export interface Connector {
  connection(): Promise<Connection>
  /** Forgets tokens: the next connection asks the credential plugin again. */
  renew(): void
}

/**
 * Loads the client and finds credentials when they are first needed; a failure is tried again.
 * Credential plugins (`exec`) and proxies of the kubeconfig are the client's own.
 * @throws ERR_CONFIG when the package is not installed, there are no credentials, the context is
 *   not there, or the kubeconfig turns TLS or its verification off
 */
export function connector(options: ClusterOptions): Connector {
  let make = once(() => connect(options))
  return {
    connection: () => make(),
    renew: () => {
      make = once(() => connect(options))
    },
  }
}

async function connect(options: ClusterOptions): Promise<Connection> {
  const sdk = await load()
  const config = verifying(sdk)
  loadInto(config, options)
  checkCluster(config)
  return {
    sdk,
    core: config.makeApiClient(sdk.CoreV1Api),
    apps: config.makeApiClient(sdk.AppsV1Api),
  }
}

async function load(): Promise<typeof Sdk> {
  try {
    return await import('@kubernetes/client-node')
  } catch (cause) {
    const path = '@kubernetes/client-node'
    const problem = 'this package is needed for Kubernetes: npm install @kubernetes/client-node@2'
    throw new RotatorError('ERR_CONFIG', { file: 'environment', path, problem }, { cause })
  }
}

/** Certificates are verified whatever NODE_TLS_REJECT_UNAUTHORIZED says. */
function verifying(sdk: typeof Sdk): Sdk.KubeConfig {
  class VerifyingConfig extends sdk.KubeConfig {
    override createDispatcherOptions(
      ...[cluster, options]: Parameters<Sdk.KubeConfig['createDispatcherOptions']>
    ): Sdk.DispatcherOptions {
      return super.createDispatcherOptions(cluster, { ...options, rejectUnauthorized: true })
    }

    override async applySecurityAuthentication(context: Sdk.RequestContext): Promise<void> {
      try {
        await super.applySecurityAuthentication(context)
      } catch (error) {
        throw new CredentialsFailed(this.getCurrentUser()?.exec?.command, error)
      }
    }
  }
  return new VerifyingConfig()
}

/** The account's files are where every pod has them. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount/token'

function loadInto(config: Sdk.KubeConfig, options: ClusterOptions): void {
  const { kubeconfig, context, root = '' } = options
  const explicit = kubeconfig !== undefined || context !== undefined
  if (!explicit && isInPod(root)) return config.loadFromCluster(root)
  const file = kubeconfig ?? process.env['KUBECONFIG'] ?? ''
  if (file === '' && !existsSync(join(homedir(), '.kube', 'config'))) throw noCredentials()
  try {
    if (kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(kubeconfig)
  } catch (cause) {
    const problem = `the kubeconfig cannot be read (${reasonOf(cause)})`
    throw new RotatorError('ERR_CONFIG', { file: nameOf(file), path: '', problem })
  }
  if (context !== undefined) config.setCurrentContext(context)
  checkContext(config, nameOf(file))
}

function nameOf(file: string): string {
  return file === '' ? '~/.kube/config' : file
}

/** Never the message: a parser quotes lines, and lines hold tokens. */
function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : 'it is not a kubeconfig'
}

/** As the other clients of Kubernetes decide it: two variables and a token. */
function isInPod(root: string): boolean {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = process.env
  if (host === '' || port === '') return false
  try {
    accessSync(root + ACCOUNT)
    return true
  } catch {
    return false
  }
}

function noCredentials(): RotatorError {
  const problem = 'there are no credentials for Kubernetes: this is no pod, and no kubeconfig'
  return new RotatorError('ERR_CONFIG', { file: 'environment', path: 'KUBECONFIG', problem })
}

function checkContext(config: Sdk.KubeConfig, file: string): void {
  const name = config.getCurrentContext()
  if (config.getCurrentCluster() !== null) return
  const known = config.getContexts().map((context) => context.name)
  const problem =
    config.getContextObject(name) === null
      ? `there is no context ${name}; there are: ${known.join(', ')}`
      : `context ${name} names a cluster that is not there`
  throw new RotatorError('ERR_CONFIG', { file, path: 'current-context', problem })
}

function checkCluster(config: Sdk.KubeConfig): void {
  const { server = '', skipTLSVerify = false, name = '' } = config.getCurrentCluster() ?? {}
  const path = `clusters.${name}`
  if (skipTLSVerify) {
    const problem =
      'insecure-skip-tls-verify: the API server would see tokens and passwords unproven'
    throw new RotatorError('ERR_CONFIG', { file: 'kubeconfig', path, problem })
  }
  if (server.startsWith('https://')) return
  const problem = 'the server must be an https URL'
  throw new RotatorError('ERR_CONFIG', { file: 'kubeconfig', path, problem })
}
