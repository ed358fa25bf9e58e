import { randomBytes } from 'node:crypto'
import type { PodCourse } from '../conformance/kubernetes-fixture.ts'
import type { Node, PodSpec } from './kubernetes-node.ts'
import type { ObjectStore, Place, Stored } from './kubernetes-store.ts'

interface JobSpec {
  readonly template: {
    readonly metadata?: { readonly labels?: Record<string, string> }
    readonly spec: PodSpec
  }
  readonly activeDeadlineSeconds?: number
}

/**
 * The controller of Jobs: one pod for each, never a second one, as with `backoffLimit` 0. A Job
 * that is deleted takes its pod with it.
 * @see Kubernetes documentation, "Jobs": job termination and cleanup
 */
export class JobController {
  readonly #store: ObjectStore
  readonly #node: Node
  readonly #courseOf: (namespace: string) => PodCourse
  readonly #deadlines = new Map<string, NodeJS.Timeout>()
  readonly #ending = new Set<Promise<void>>()
  readonly #unwatch: () => void

  constructor(store: ObjectStore, node: Node, courseOf: (namespace: string) => PodCourse) {
    this.#store = store
    this.#node = node
    this.#courseOf = courseOf
    this.#unwatch = store.watch(({ type, resource, object }) => {
      if (resource === 'pods' && type === 'MODIFIED') this.#judge(object)
      if (resource !== 'jobs') return
      // The API server has answered by then.
      if (type === 'ADDED') setImmediate(() => this.#begin(object))
      if (type === 'DELETED') this.#endPods(object)
    })
  }

  /** Ends the controller; the pods stay. */
  async stop(): Promise<void> {
    this.#unwatch()
    for (const timer of this.#deadlines.values()) clearTimeout(timer)
    await Promise.all(this.#ending)
  }

  #begin({ metadata, spec }: Stored): void {
    const { namespace, name, uid } = metadata
    const job: Place = { resource: 'jobs', namespace, name }
    if (this.#store.find(job)?.metadata.uid !== uid) return
    const { template, activeDeadlineSeconds } = spec as JobSpec
    const owner = { [UID]: uid }
    this.#store.change(job, (object) => ({
      ...object,
      spec: { ...(object['spec'] as object), selector: { matchLabels: owner } },
      status: { active: 1 },
    }))
    const place: Place = {
      resource: 'pods',
      namespace,
      name: `${name}-${randomBytes(3).toString('hex')}`,
    }
    this.#store.create(place, {
      metadata: { labels: { ...template.metadata?.labels, ...owner, 'job-name': name } },
      spec: template.spec,
      status: { phase: 'Pending' },
    })
    this.#node.start(place, this.#courseOf(namespace))
    if (activeDeadlineSeconds === undefined) return
    const late = setTimeout(() => this.#late(job), activeDeadlineSeconds * 1000)
    late.unref()
    this.#deadlines.set(uid, late)
  }

  #late(job: Place): void {
    const found = this.#store.find(job)
    if (!found || isOver(found)) return
    this.#end(job, { type: 'Failed', reason: 'DeadlineExceeded' })
    this.#endPods(found)
  }

  #judge({ metadata, status }: Stored): void {
    const name = metadata.labels?.['job-name']
    const { phase } = (status ?? {}) as { readonly phase?: string }
    if (name === undefined || (phase !== 'Succeeded' && phase !== 'Failed')) return
    const job: Place = { resource: 'jobs', namespace: metadata.namespace, name }
    const found = this.#store.find(job)
    if (!found || isOver(found)) return
    if (phase === 'Succeeded') this.#end(job, { type: 'Complete' })
    else this.#end(job, { type: 'Failed', reason: 'BackoffLimitExceeded' })
  }

  #end(job: Place, condition: { readonly type: string; readonly reason?: string }): void {
    this.#store.change(job, (object) => ({
      ...object,
      status: { conditions: [{ ...condition, status: 'True' }] },
    }))
  }

  #endPods({ metadata: { namespace, uid } }: Stored): void {
    for (const { metadata } of this.#store.list('pods', namespace)) {
      if (metadata.labels?.[UID] !== uid) continue
      const ending = this.#node.end({ resource: 'pods', namespace, name: metadata.name })
      this.#ending.add(ending)
      void ending.finally(() => this.#ending.delete(ending))
    }
  }
}

const UID = 'controller-uid'

function isOver({ status }: Stored): boolean {
  return 'conditions' in Object(status)
}
