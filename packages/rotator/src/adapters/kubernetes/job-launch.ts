import { isRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { Launch, LaunchState } from '../../ports/launcher.ts'
import { ask } from './ask.ts'
import type { Connector } from './connect.ts'
import { readJob } from './job-objects.ts'
import type { Job } from './job-objects.ts'
import { readPods } from './objects.ts'
import type { Condition, ContainerStatus, Pod } from './objects.ts'
import { podReason, selectorText } from './pods.ts'

/** A Job that is there. */
export interface JobLaunchOptions {
  readonly job: Job
  /** The container that runs cuedot. */
  readonly container: string
  readonly namespace: string
  readonly connector: Connector
}

/**
 * True for a Job that has ended, and whose pod has.
 * @see Kubernetes documentation, "Jobs": terminal conditions
 */
export function isOver(job: Job): boolean {
  return endOf(job) !== undefined
}

function endOf({ status }: Job): Condition | undefined {
  return status.conditions.find(
    ({ type, status: holds }) => holds === 'True' && (type === 'Complete' || type === 'Failed'),
  )
}

/** Follows a Job: what its conditions say, and what its pod's container says and prints. */
export function jobLaunch(options: JobLaunchOptions): Launch {
  const { job, namespace } = options
  const running = new RunningJob(options)
  return {
    name: `Job ${namespace}/${job.metadata.name}`,
    logCommand: `kubectl logs job/${job.metadata.name} -n ${namespace} --follow`,
    logLagMs: 0,
    look: (call) => running.look(call),
    readLog: (call) => running.readLog(call),
  }
}

class RunningJob {
  readonly #options: JobLaunchOptions
  /** Its only pod: the newest, where somebody has made another one. */
  #pod: Pod | undefined
  #shown = 0

  constructor(options: JobLaunchOptions) {
    this.#options = options
  }

  async look({ signal }: Call): Promise<LaunchState> {
    const job = await this.#read(signal)
    if (job === undefined) return { state: 'failed', why: 'somebody has deleted the Job' }
    this.#pod = (await this.#pods(job, signal)).at(-1) ?? this.#pod
    const end = endOf(job)
    const { terminated, running } = this.#container?.state ?? {}
    if (end === undefined) {
      if (running || terminated) return { state: 'running' }
      const reason = this.#pod && podReason(this.#pod)
      const why = reason === undefined ? {} : { why: `pod ${this.#podName}: ${reason}` }
      return { state: 'waiting', ...why }
    }
    const says = [end.reason, end.message].filter((part) => part !== undefined).join(': ')
    if (terminated === undefined)
      return { state: 'failed', why: says === '' ? `the Job is ${end.type}` : says }
    const { exitCode, reason } = terminated
    const isOrdinary = exitCode <= 2
    return { state: 'ended', exitCode, ...(!isOrdinary && { why: `${reason ?? ''}; ${says}` }) }
  }

  /** All of it is read each time: it is some dozens of lines, and a pod has only one container. */
  async readLog({ signal }: Call): Promise<readonly string[]> {
    const { terminated, running } = this.#container?.state ?? {}
    if (!terminated && !running) return []
    const { namespace, container, connector } = this.#options
    const query = new URLSearchParams({ container })
    const name = this.#podName
    const text = await ask({
      ...{ connector, signal, operation: 'get pods/log', where: `pod ${namespace}/${name}` },
      path: `/api/v1/namespaces/${namespace}/pods/${name}/log?${query.toString()}`,
      ...{ isText: true, expects: (answer) => (typeof answer === 'string' ? answer : undefined) },
    }).catch((error: unknown) => {
      // Its log goes with the pod, which a deadline ends.
      if (isRotatorError(error) && error.code === 'ERR_RUNTIME_MISSING') return undefined
      throw error
    })
    if (text === undefined) return []
    const lines = text.split('\n')
    // What has no end yet is shown when it has one, or when nothing follows any more.
    const last = lines.pop() ?? ''
    if (terminated && last !== '') lines.push(last)
    const fresh = lines.slice(this.#shown)
    this.#shown = lines.length
    return fresh
  }

  get #podName(): string {
    return this.#pod?.metadata.name ?? ''
  }

  get #container(): ContainerStatus | undefined {
    const { containerStatuses = [] } = this.#pod?.status ?? {}
    return containerStatuses.find(({ name }) => name === this.#options.container)
  }

  async #read(signal: AbortSignal): Promise<Job | undefined> {
    const { job, namespace, connector } = this.#options
    const { name } = job.metadata
    try {
      return await ask({
        ...{ connector, signal, operation: 'get jobs', where: `Job ${namespace}/${name}` },
        path: `/apis/batch/v1/namespaces/${namespace}/jobs/${name}`,
        expects: readJob,
      })
    } catch (error) {
      if (isRotatorError(error) && error.code === 'ERR_RUNTIME_MISSING') return undefined
      throw error
    }
  }

  async #pods({ spec }: Job, signal: AbortSignal): Promise<readonly Pod[]> {
    const { namespace, connector } = this.#options
    if (spec.selector === undefined) return []
    const query = new URLSearchParams({ labelSelector: selectorText(spec.selector) })
    return await ask({
      ...{ connector, signal, operation: 'list pods', where: `pods of ${namespace}` },
      path: `/api/v1/namespaces/${namespace}/pods?${query.toString()}`,
      expects: readPods,
    })
  }
}
