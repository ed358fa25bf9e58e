import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { isIPv6 } from 'node:net'
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

/** An API server, and how it is asked. */
export interface Access {
  /** As `https://10.0.0.1:443`; may have a path. */
  readonly server: string
  /**
   * CA, client certificate, token and proxy for one request. @throws CredentialsFailed
   */
  options(): Promise<RequestOptions>
}

/** Gives access to a cluster, and anew after it was refused. */
export interface Connector {
  access(): Promise<Access>
  /** Forgets tokens: the next access asks the credential plugin again. */
  renew(): void
}

/**
 * Finds credentials when they are first needed; a failure is tried again. In a pod nothing is
 * loaded for it; kubeconfigs, their credential plugins (`exec`) and proxies are left to the
 * Kubernetes project's own client.
 * @throws ERR_CONFIG when that package is not installed, there are no credentials, the context is
 *   not there, or the kubeconfig turns TLS or its verification off
 */
export function connector(options: ClusterOptions): Connector {
  let find = once(() => findAccess(options))
  return {
    access: () => find(),
    renew: () => {
      find = once(() => findAccess(options))
    },
  }
}

/** The account's files are where every pod has them. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

async function findAccess({ kubeconfig, context, root = '' }: ClusterOptions): Promise<Access> {
  const explicit = kubeconfig !== undefined || context !== undefined
  const account = root + ACCOUNT
  return !explicit && isInPod(account) ? podAccess(account) : configAccess(kubeconfig, context)
}

/** As the other clients of Kubernetes decide it: two variables and a token. */
function isInPod(account: string): boolean {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = process.env
  return host !== '' && port !== '' && existsSync(join(account, 'token'))
}

/**
 * The token is replaced in the file long before it expires, so it is read for every request.
 * @see Kubernetes documentation, "Accessing the Kubernetes API from a Pod"
 */
function podAccess(account: string): Access {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = process.env
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    options: async () => {
      try {
        const token = (await readFile(join(account, 'token'), 'utf8')).trim()
        const ca = await readFile(join(account, 'ca.crt'))
        return { ca, agent: false, headers: { authorization: `Bearer ${token}` } }
      } catch (error) {
        throw new CredentialsFailed(undefined, error)
      }
    },
  }
}

async function configAccess(
  kubeconfig: string | undefined,
  context: string | undefined,
): Promise<Access> {
  const { KubeConfig } = await load()
  const config = new KubeConfig()
  read(config, kubeconfig)
  if (context !== undefined) config.setCurrentContext(context)
  const server = checkedServer(config, nameOf(kubeconfig))
  return {
    server,
    options: async () => {
      const options: RequestOptions = { rejectUnauthorized: true }
      try {
        await config.applyToHTTPSOptions(options)
      } catch (error) {
        throw new CredentialsFailed(config.getCurrentUser()?.exec?.command, error)
      }
      return options
    },
  }
}

async function load(): Promise<typeof Sdk> {
  try {
    return await import('@kubernetes/client-node')
  } catch (cause) {
    const path = '@kubernetes/client-node'
    const problem = 'a kubeconfig needs this package: npm install @kubernetes/client-node@2'
    throw new RotatorError('ERR_CONFIG', { file: 'environment', path, problem }, { cause })
  }
}

function read(config: Sdk.KubeConfig, kubeconfig: string | undefined): void {
  if (kubeconfig === undefined && !hasDefaultConfig()) {
    const problem = 'there are no credentials for Kubernetes: this is no pod, and no kubeconfig'
    throw new RotatorError('ERR_CONFIG', { file: 'environment', path: 'KUBECONFIG', problem })
  }
  try {
    if (kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(kubeconfig)
  } catch (cause) {
    const problem = `the kubeconfig cannot be read (${reasonOf(cause)})`
    throw new RotatorError('ERR_CONFIG', { file: nameOf(kubeconfig), path: '', problem })
  }
}

function hasDefaultConfig(): boolean {
  return fromEnvironment() !== '' || existsSync(join(homedir(), '.kube', 'config'))
}

function fromEnvironment(): string {
  return process.env['KUBECONFIG'] ?? ''
}

function nameOf(kubeconfig: string | undefined): string {
  return kubeconfig ?? (fromEnvironment() || '~/.kube/config')
}

/** Never the message: a parser quotes lines, and lines hold tokens. */
function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : 'it is not a kubeconfig'
}

function checkedServer(config: Sdk.KubeConfig, file: string): string {
  const context = config.getCurrentContext()
  const cluster = config.getCurrentCluster()
  const refuse = (path: string, problem: string): never => {
    throw new RotatorError('ERR_CONFIG', { file, path, problem })
  }
  if (config.getContextObject(context) === null) {
    const known = config.getContexts().map(({ name }) => name)
    return refuse('contexts', `there is no context ${context}; there are: ${known.join(', ')}`)
  }
  if (cluster === null) return refuse('clusters', `that of context ${context} is not there`)
  const path = `clusters.${cluster.name}`
  if (cluster.skipTLSVerify)
    return refuse(path, 'insecure-skip-tls-verify: tokens and passwords would go to anybody')
  if (!cluster.server.startsWith('https://')) return refuse(path, 'the server must be an https URL')
  return cluster.server.replace(/\/+$/, '')
}
