import { createHash, randomBytes } from 'node:crypto'
import type { PodCourse } from '../conformance/kubernetes-fixture.ts'
import type { Node } from './kubernetes-node.ts'
import { HASH, isReady, Progress, statusOf } from './kubernetes-status.ts'
import type { DeploymentSpec } from './kubernetes-status.ts'
import type { ObjectStore, Place, Stored } from './kubernetes-store.ts'

const REVISION = 'deployment.kubernetes.io/revision'

/**
 * The controller of Deployments: rolls with `maxSurge` 1 and `maxUnavailable` 0, one pod at a time.
 * There are no ReplicaSet objects. It looks some milliseconds after a change, so for that long the
 * status is that of the spec before, as with the real one.
 * @see Kubernetes documentation, "Deployments": rolling update, progress deadline, paused
 */
export class DeploymentController {
  readonly #store: ObjectStore
  readonly #node: Node
  readonly #courseOf: (namespace: string) => PodCourse
  readonly #due = new Map<string, NodeJS.Timeout>()
  readonly #progress = new Map<string, Progress>()
  readonly #ending = new Set<Promise<void>>()
  readonly #unwatch: () => void
  #isHeld = false

  constructor(store: ObjectStore, node: Node, courseOf: (namespace: string) => PodCourse) {
    this.#store = store
    this.#node = node
    this.#courseOf = courseOf
    this.#unwatch = store.watch(({ resource, object: { metadata } }) => {
      const { namespace, name, labels = {} } = metadata
      const deployment = resource === 'deployments' ? name : labels[OWNER]
      if (deployment !== undefined) this.#soon(namespace, deployment)
    })
  }

  /** Keeps the controller from looking until disposed. */
  hold(): Disposable {
    this.#isHeld = true
    return {
      [Symbol.dispose]: () => {
        this.#isHeld = false
        for (const key of this.#progress.keys()) {
          const [namespace = '', name = ''] = key.split('/')
          this.#soon(namespace, name)
        }
      },
    }
  }

  /** Ends the controller; the pods stay. */
  async stop(): Promise<void> {
    this.#unwatch()
    for (const timer of this.#due.values()) clearTimeout(timer)
    await Promise.all(this.#ending)
  }

  #soon(namespace: string, name: string, inMs = 5): void {
    const key = `${namespace}/${name}`
    clearTimeout(this.#due.get(key))
    const timer = setTimeout(() => {
      this.#due.delete(key)
      if (!this.#isHeld) this.#sync({ resource: 'deployments', namespace, name })
    }, inMs)
    timer.unref()
    this.#due.set(key, timer)
  }

  #sync(place: Place): void {
    const { namespace, name } = place
    const key = `${namespace}/${name}`
    const deployment = this.#store.find(place)
    const pods = this.#podsOf(place)
    if (deployment === undefined) {
      this.#progress.delete(key)
      for (const pod of pods) this.#end(pod)
      return
    }
    const spec = deployment['spec'] as DeploymentSpec
    const hash = createHash('sha1').update(JSON.stringify(spec.template)).digest('hex').slice(0, 10)
    const progress = this.#progress.get(key) ?? new Progress()
    this.#progress.set(key, progress)
    if (spec.paused !== true) {
      if (progress.begins(hash)) this.#countRevision(place)
      this.#roll(deployment, hash, pods)
    }
    const seen = this.#podsOf(place)
    this.#store.change(place, (object) => {
      const status = statusOf(object, { pods: seen, hash: progress.hash, progress })
      return { ...object, status }
    })
    const nextMs = progress.deadlineInMs(spec)
    if (nextMs !== undefined && !this.#due.has(key)) this.#soon(namespace, name, nextMs)
  }

  #roll(deployment: Stored, hash: string, pods: readonly Stored[]): void {
    const { replicas = 1 } = deployment['spec'] as DeploymentSpec
    const fresh = pods.filter(({ metadata }) => metadata.labels?.[HASH] === hash)
    const old = pods.filter((pod) => !fresh.includes(pod))
    const room = replicas + 1 - pods.length
    const missing = Math.min(replicas - fresh.length, room)
    for (let made = 0; made < missing; made += 1) this.#make(deployment, hash)
    for (const pod of fresh.slice(replicas)) this.#end(pod)
    const spare = pods.filter(isReady).length - replicas
    const unready = old.filter((pod) => !isReady(pod))
    const ready = old.filter(isReady).slice(0, Math.max(0, spare))
    for (const pod of [...unready, ...ready]) this.#end(pod)
  }

  #make({ metadata, ...rest }: Stored, hash: string): void {
    const { template } = rest['spec'] as DeploymentSpec
    const { namespace } = metadata
    const name = `${metadata.name}-${hash}-${randomBytes(3).toString('hex')}`
    const place: Place = { resource: 'pods', namespace, name }
    const { labels = {}, annotations = {} } = template.metadata ?? {}
    this.#store.create(place, {
      metadata: { labels: { ...labels, [HASH]: hash, [OWNER]: metadata.name }, annotations },
      spec: template.spec,
      status: { phase: 'Pending' },
    })
    this.#node.start(place, this.#courseOf(namespace))
  }

  #end({ metadata: { namespace, name } }: Stored): void {
    const ending = this.#node.end({ resource: 'pods', namespace, name })
    this.#ending.add(ending)
    void ending.finally(() => this.#ending.delete(ending))
  }

  /** Those that are being ended do not count any more. */
  #podsOf({ namespace, name }: Place): readonly Stored[] {
    return this.#store
      .list('pods', namespace)
      .filter(({ metadata }) => metadata.labels?.[OWNER] === name)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  }

  #countRevision(place: Place): void {
    this.#store.change(place, (object) => {
      const annotations = object.metadata.annotations ?? {}
      const revision = String(Number(annotations[REVISION] ?? 0) + 1)
      object.metadata.annotations = { ...annotations, [REVISION]: revision }
      return object
    })
  }
}

/** The label by which the fake knows whose pod it is, in the place of an owner reference. */
const OWNER = 'fake.cuedot.dev/deployment'
