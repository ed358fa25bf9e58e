import type {
  KubernetesObject,
  KubernetesRule,
} from '../../testkit/src/conformance/kubernetes-fixture.ts'
import type { FakeCluster, FakeNamespace } from '../../testkit/src/fakes/kubernetes.ts'
import type { OpenemrStart, OpenemrWorld } from '../../testkit/src/openemr/world.ts'
import { PROGRAM, cuedot, startCuedot } from './cli-process.ts'
import type { CliProcess, CliResult } from './cli-process.ts'
import { openemrOnEks } from './openemr-fixture.ts'
import type { OpenemrDatabase } from './openemr-fixture.ts'

/** A Job, as far as tests look into it. */
export interface SeenJob {
  readonly metadata: { readonly name: string; readonly labels?: object }
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly image: string }[] }
    }
  }
}

/** OpenEMR on EKS, and somebody who starts Jobs from another machine. */
export interface JobOperator extends AsyncDisposable {
  readonly world: OpenemrWorld
  readonly kubernetes: FakeNamespace
  readonly template: Templated
  operate(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CliResult>
  startOperator(args: readonly string[]): CliProcess
  jobs(): Promise<readonly SeenJob[]>
  /** Makes a Job from the same template, as the CronJob or `kubectl` does. */
  make(name: string): Promise<void>
  deleteJobs(): Promise<void>
}

/** What a world begins with, and what its Jobs do. */
export interface JobStart extends OpenemrStart {
  /** Default: what the image runs. */
  readonly command?: readonly string[]
  /** Of the Job, other than usual. */
  readonly variables?: Readonly<Record<string, string>>
  readonly deadlineSeconds?: number
  readonly image?: string
  readonly withoutCronJob?: true
}

/** What the operator needs. docs/openemr.md has the same rules. */
export function operatorRules(): readonly KubernetesRule[] {
  const resourceNames = ['credential-rotation']
  return [
    { apiGroups: ['batch'], resources: ['cronjobs'], resourceNames, verbs: ['get'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list', 'get'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  ]
}

/** What a template is made of. */
export interface Templated {
  readonly command: readonly string[]
  readonly variables: Readonly<Record<string, string>>
  readonly deadlineSeconds?: number
  readonly image?: string
  readonly args?: unknown
}

/** The CronJob of the rotation, as openemr-on-eks has it. */
export function cronJobOf(made: Templated): {
  readonly spec: { readonly jobTemplate: object }
} & KubernetesObject {
  const { command, variables, image = 'cuedot:1', args = ['--log-json'], deadlineSeconds } = made
  const labels = { app: 'credential-rotation', component: 'security' }
  const env = Object.entries(variables).map(([name, value]) => ({ name, value }))
  const container = { name: 'credential-rotation', image, command, args, env }
  return {
    ...{ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'credential-rotation' } },
    spec: {
      ...{ schedule: '0 3 1 * *', suspend: true, concurrencyPolicy: 'Forbid' },
      jobTemplate: {
        metadata: { labels },
        spec: {
          ...{ backoffLimit: 0, ttlSecondsAfterFinished: 604_800 },
          ...(deadlineSeconds !== undefined && { activeDeadlineSeconds: deadlineSeconds }),
          template: {
            metadata: { labels },
            spec: { restartPolicy: 'Never', containers: [container] },
          },
        },
      },
    },
  }
}

/** Starts a world with the CronJob of the rotation. */
export async function operatorOnEks(
  { server, tls }: OpenemrDatabase,
  cluster: FakeCluster,
  options: JobStart,
): Promise<JobOperator> {
  await using starting = new AsyncDisposableStack()
  const onEks = starting.use(await openemrOnEks(server, { tls, cluster }, options))
  const { world, kubernetes } = onEks
  const { command = [process.execPath, PROGRAM, 'openemr'], deadlineSeconds, image } = options
  const variables = { ...onEks.env, ...options.variables }
  const given = {
    ...{ command, variables },
    ...(deadlineSeconds !== undefined && { deadlineSeconds }),
    ...(image !== undefined && { image }),
  }
  const cronJob = cronJobOf(given)
  const batch = `/apis/batch/v1/namespaces/${kubernetes.namespace}`
  const create = async (kind: string, body: object): Promise<void> => {
    const { status } = await kubernetes.admin({ method: 'POST', path: `${batch}/${kind}`, body })
    if (status !== 201) throw new Error(`creating ${kind}: ${status}`)
  }
  if (options.withoutCronJob !== true) await create('cronjobs', cronJob)
  const jobs = async (): Promise<readonly SeenJob[]> => {
    const { body } = await kubernetes.admin({ method: 'GET', path: `${batch}/jobs` })
    const { items }: { readonly items?: readonly SeenJob[] } = JSON.parse(JSON.stringify(body))
    return items ?? []
  }
  const env = {
    KUBECONFIG: await kubernetes.userWith(operatorRules()),
    K8S_NAMESPACE: kubernetes.namespace,
  }
  const running = starting.move()
  return {
    ...{ world, kubernetes, template: given, jobs },
    operate: (args, more) =>
      cuedot(['openemr', ...args], { cwd: world.sites, env: { ...env, ...more } }),
    startOperator: (args) => startCuedot(['openemr', ...args], { cwd: world.sites, env }),
    make: async (name) => await create('jobs', { ...cronJob.spec.jobTemplate, metadata: { name } }),
    deleteJobs: async () => {
      for (const { metadata } of await jobs())
        await kubernetes.admin({ method: 'DELETE', path: `${batch}/jobs/${metadata.name}` })
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
