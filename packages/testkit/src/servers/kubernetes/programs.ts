import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isOurs, lastLine, whyNoDebian } from '../debian.ts'
import { makeOnce } from '../mysql-process.ts'
import { KUBERNETES_VERSION, buildKubernetes } from './build.ts'

/** The programs of a cluster, and the client. */
export type KubernetesProgram = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kubectl'

const FOLDER = join(tmpdir(), `cuedot-kubernetes-${KUBERNETES_VERSION}-${process.arch}`)

/**
 * Builds Kubernetes from Debian's sources into a folder for temporary files, once, and fetches etcd
 * and kubectl. Does nothing where that has been done.
 * @param say - gets a line before everything that takes long
 * @returns why there is none, where it cannot be had
 */
export async function obtainKubernetes(say: (line: string) => void): Promise<string | undefined> {
  const problem = whyNoDebian('Kubernetes and etcd')
  if (problem !== undefined) return problem
  try {
    await makeOnce(FOLDER, (folder) => buildKubernetes(folder, say))
  } catch (error) {
    return `building Kubernetes ${KUBERNETES_VERSION} failed: ${lastLine(error)}`
  }
  if (describeKubernetes() !== undefined) return undefined
  return `${FOLDER} is not ours or does not run: remove it, and it is made again`
}

/** What was built says of itself, such as `Kubernetes v1.20.2`; `undefined` where it is missing. */
export function describeKubernetes(): string | undefined {
  if (!isOurs(FOLDER)) return undefined
  try {
    const server = ask('kube-apiserver', '--version')
    const etcd = ask('etcd', '--version')
      .replace(/\n[^]*/, '')
      .replace(' Version:', '')
    ask('kube-controller-manager', '--version')
    ask('kubectl', 'version', '--client')
    return `${server.trim()}, ${etcd} in ${FOLDER}`
  } catch {
    // One of them is not there, or not for this machine.
    return undefined
  }
}

function ask(name: KubernetesProgram, ...args: readonly string[]): string {
  return execFileSync(kubernetesProgram(name), args, { encoding: 'utf8', stdio: 'pipe' })
}

/** Path of one of them. */
export function kubernetesProgram(name: KubernetesProgram): string {
  const path = join(FOLDER, name)
  if (!existsSync(path)) throw new Error(`there is no ${name} in ${FOLDER}`)
  return path
}
