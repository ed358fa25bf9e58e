import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Runtime } from '../../../rotator/src/ports/runtime.ts'
import { PODS_RULE, upstreamRules } from './kubernetes-fixture.ts'
import type {
  KubernetesFixture,
  KubernetesObject,
  KubernetesRule,
  PodCourse,
} from './kubernetes-fixture.ts'
import type { RollCourse, RuntimeFixture } from './runtime.ts'

/** The Deployment of every test. */
export const DEPLOYMENT = 'openemr'

/** How an adapter gets at the Deployment, and how patient it is. */
export interface DeploymentAccess {
  readonly id: string
  readonly namespace: string
  readonly name: string
  readonly kubeconfig: string
  readonly limitMs: number
  readonly pollMs: number
}

/** How fast rolls are in a cluster, in milliseconds. */
export type Pace = Pick<DeploymentAccess, 'limitMs' | 'pollMs'>

/** The adapter under test. */
export type MakeDeploymentRuntime = (access: DeploymentAccess) => Runtime

/** A Deployment that is made. */
export interface DeploymentOptions {
  /** Default 2. */
  readonly replicas?: number
  readonly paused?: boolean
  /** Seconds. Default 600. */
  readonly progressDeadlineSeconds?: number
  /** Of the one container. Default none, so its pods are ready at once. */
  readonly command?: readonly string[]
  readonly env?: readonly object[]
}

/** Where the API has the Deployment of a namespace. */
export function deploymentPath(namespace: string): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments/${DEPLOYMENT}`
}

/** Makes the Deployment and waits until its pods are there and available. */
export async function createDeployment(
  kubernetes: KubernetesFixture,
  options: DeploymentOptions = {},
): Promise<void> {
  const { replicas = 2, paused = false, progressDeadlineSeconds = 600, command, env } = options
  const path = deploymentPath(kubernetes.namespace).replace(/\/[^/]+$/, '')
  const labels = { app: DEPLOYMENT }
  const container = {
    name: 'app',
    image: 'app:1',
    ...(command && { command }),
    ...(env && { env }),
  }
  const template = { metadata: { labels }, spec: { containers: [container] } }
  const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 }
  const body = {
    metadata: { name: DEPLOYMENT },
    spec: {
      replicas,
      progressDeadlineSeconds,
      strategy: { type: 'RollingUpdate', rollingUpdate },
      selector: { matchLabels: labels },
      template,
    },
  }
  const { status } = await kubernetes.admin({ method: 'POST', path, body })
  expect(status).toBe(201)
  await untilDeployment(kubernetes, ({ metadata, status: is, spec }) => {
    const { availableReplicas = 0, observedGeneration = 0 } = is
    return availableReplicas === spec.replicas && observedGeneration === metadata.generation
  })
  if (paused) await patchDeployment(kubernetes, { spec: { paused } })
}

/** The parts of a Deployment that tests look at. */
export interface SeenDeployment {
  readonly metadata: {
    readonly generation: number
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly replicas: number
    readonly template: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
    }
  }
  readonly status: {
    readonly observedGeneration?: number
    readonly availableReplicas?: number
  }
}

/** The Deployment as the API server has it. */
export async function readDeployment(kubernetes: KubernetesFixture): Promise<SeenDeployment> {
  const path = deploymentPath(kubernetes.namespace)
  const { body } = await kubernetes.admin({ method: 'GET', path })
  return { status: {}, ...body } as unknown as SeenDeployment
}

/** Looks until the Deployment is as wanted. The test's own timeout bounds it. */
export async function untilDeployment(
  kubernetes: KubernetesFixture,
  isWanted: (deployment: SeenDeployment) => boolean,
): Promise<void> {
  while (!isWanted(await readDeployment(kubernetes))) await wait(20)
}

/** Changes the Deployment as an administrator. */
export async function patchDeployment(
  kubernetes: KubernetesFixture,
  body: KubernetesObject,
): Promise<void> {
  const path = deploymentPath(kubernetes.namespace)
  const { status } = await kubernetes.admin({ method: 'PATCH', path, body })
  expect(status).toBe(200)
}

/** How often its template has changed; counted by its controller. */
export async function revisionOf(kubernetes: KubernetesFixture): Promise<number> {
  const { annotations = {} } = (await readDeployment(kubernetes)).metadata
  return Number(annotations['deployment.kubernetes.io/revision'] ?? 0)
}

/** How a user with these rules gets at the Deployment. Default: the Role of openemr-on-eks. */
export async function deploymentAccess(
  kubernetes: KubernetesFixture,
  pace: Pace,
  rules: readonly KubernetesRule[] = openemrRules(),
): Promise<DeploymentAccess> {
  const { namespace } = kubernetes
  const kubeconfig = await kubernetes.userWith(rules)
  return { id: 'deployment', namespace, name: DEPLOYMENT, kubeconfig, ...pace }
}

/** The Role of openemr-on-eks. */
export function openemrRules(): readonly KubernetesRule[] {
  return upstreamRules({ secret: 'openemr-db-credentials', deployment: DEPLOYMENT })
}

/** The Role of openemr-on-eks, and pods. */
export function rulesWithPods(): readonly KubernetesRule[] {
  return [...openemrRules(), PODS_RULE]
}

const COURSES: Readonly<Record<RollCourse, { pods: PodCourse; deadline: number }>> = {
  done: { pods: 'ready', deadline: 600 },
  failed: { pods: 'image-missing', deadline: 1 },
  endless: { pods: 'unready', deadline: 600 },
}

/** Starts what `conformance/runtime.ts` needs, over a Deployment of two replicas. */
export async function deploymentFixture(
  kubernetes: KubernetesFixture,
  make: MakeDeploymentRuntime,
  pace: Pace,
): Promise<RuntimeFixture> {
  await createDeployment(kubernetes)
  const access = await deploymentAccess(kubernetes, pace, rulesWithPods())
  return {
    create: () => make(access),
    setCourse: async (course) => {
      const { pods, deadline } = COURSES[course]
      await kubernetes.setPods(pods)
      await patchDeployment(kubernetes, { spec: { progressDeadlineSeconds: deadline } })
    },
    begun: () => revisionOf(kubernetes),
    [Symbol.asyncDispose]: () => kubernetes[Symbol.asyncDispose](),
  }
}
