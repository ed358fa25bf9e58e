import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { stringify } from 'yaml'
import {
  createSecret,
  OPENEMR_KEYS,
  SECRET,
  secretAccess,
} from '../../testkit/src/conformance/kubernetes-secret.ts'
import { FIRST } from '../../testkit/src/conformance/kubernetes-secret-suite.ts'
import type { FakeCluster, FakeNamespace } from '../../testkit/src/fakes/kubernetes.ts'
import type { ClusterOptions } from '../src/adapters/kubernetes/connect.ts'
import { secretTarget } from '../src/adapters/kubernetes/secret-target.ts'
import type { ConfigTarget } from '../src/ports/config-target.ts'

/** A Secret in a cluster, and a machine that has no credentials for it. */
export interface World {
  readonly kubernetes: FakeNamespace
  readonly folder: string
  /** A token that may read and write the Secret. */
  readonly token: string
  /** The Secret, reached like this. */
  target(options?: ClusterOptions): ConfigTarget
  /** Writes a kubeconfig. @returns its path */
  kubeconfig(parts?: { cluster?: object; user?: object; current?: string }): Promise<string>
}

/** Ends with the test. */
export async function world(cluster: FakeCluster): Promise<World> {
  const kubernetes = await cluster.namespace()
  const folder = await mkdtemp(join(tmpdir(), 'cuedot-connect-'))
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    await kubernetes[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  for (const name of ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT', 'KUBECONFIG'])
    vi.stubEnv(name, '')
  vi.stubEnv('HOME', folder)
  await createSecret(kubernetes, FIRST)
  const token = kubernetes.tokenOf((await secretAccess(kubernetes)).kubeconfig)
  const { namespace, apiUrl, caFile } = kubernetes
  return {
    kubernetes,
    folder,
    token,
    target: (options = {}) =>
      secretTarget({ id: 's', namespace, name: SECRET, keys: OPENEMR_KEYS, ...options }),
    kubeconfig: async ({ cluster: own, user = { token }, current = 'right' } = {}) => {
      const path = join(folder, 'kubeconfig')
      const reached = own ?? { server: apiUrl, 'certificate-authority': caFile }
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster: reached }],
        users: [
          { name: 'right', user },
          { name: 'wrong', user: { token: 'unknown' } },
        ],
        contexts: ['right', 'wrong'].map((name) => ({
          name,
          context: { cluster: 'c', user: name },
        })),
        'current-context': current,
      }
      await writeFile(path, stringify(config))
      return path
    },
  }
}

/**
 * Makes the files of a pod's service account below a folder, and sets the variables of a pod.
 * @returns the path of its token
 */
export async function becomePod({ folder, kubernetes }: World, token: string): Promise<string> {
  const account = join(folder, 'var/run/secrets/kubernetes.io/serviceaccount')
  await mkdir(account, { recursive: true })
  await writeFile(join(account, 'token'), token)
  await writeFile(join(account, 'ca.crt'), await readFile(kubernetes.caFile))
  const { hostname, port } = new URL(kubernetes.apiUrl)
  vi.stubEnv('KUBERNETES_SERVICE_HOST', hostname)
  vi.stubEnv('KUBERNETES_SERVICE_PORT', port)
  return join(account, 'token')
}
