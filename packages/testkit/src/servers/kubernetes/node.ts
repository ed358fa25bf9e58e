import type { PodCourse } from '../../conformance/kubernetes-fixture.ts'
import type { Api } from './api.ts'
import { startLogServer } from './logs.ts'
import type { LogServer } from './logs.ts'
import { RunningPod } from './pod.ts'
import type { Pod } from './pod-spec.ts'
import { unschedulable } from './pod-status.ts'

const NODE = 'node-1'
const PODS = '/api/v1/pods'

/** What a pod gets when its specification says nothing. */
const GRACE_SECONDS = 30

/** A scheduler and a kubelet in one: takes every pod and runs its container as a process. */
export interface ClusterNode extends AsyncDisposable {
  /** How pods of this namespace go that are made from now on. Default: `ready`. */
  setCourse(namespace: string, course: PodCourse): void
  /** Pods of this namespace that were taken and are not gone, in order of their start. */
  pods(namespace: string): readonly RunningPod[]
  /** Ends all processes of a namespace at once; pods of it are not run any more. */
  leave(namespace: string): Promise<void>
}

/** Starts a node. */
export async function startNode(api: Api): Promise<ClusterNode> {
  await api.must({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name: NODE } } })
  const node = new StandIn(api)
  await node.start()
  return node
}

class StandIn implements ClusterNode {
  readonly #api: Api
  readonly #over = new AbortController()
  readonly #courses = new Map<string, PodCourse>()
  readonly #left = new Set<string>()
  readonly #pods = new Map<string, RunningPod>()
  readonly #seen = new Set<string>()
  readonly #problems: unknown[] = []
  readonly #fail = (error: unknown): void => void this.#problems.push(error)
  #watching: Promise<void> = Promise.resolve()
  #addresses = 0
  #logs: LogServer | undefined

  constructor(api: Api) {
    this.#api = api
  }

  /** Says where its pods' logs are, and begins to take pods. */
  async start(): Promise<void> {
    const logs = await startLogServer((namespace, name) => {
      const pod = this.pods(namespace).find((one) => one.pod.metadata.name === name)
      return pod?.said
    })
    this.#logs = logs
    const status = {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: logs.port } },
    }
    const path = `/api/v1/nodes/${NODE}/status`
    await this.#api.must({ method: 'PATCH', path, body: { status } })
    this.#watching = this.#watch()
  }

  setCourse(namespace: string, course: PodCourse): void {
    this.#courses.set(namespace, course)
  }

  pods(namespace: string): readonly RunningPod[] {
    return [...this.#pods.values()].filter(({ pod }) => pod.metadata.namespace === namespace)
  }

  async leave(namespace: string): Promise<void> {
    this.#left.add(namespace)
    await Promise.all(this.pods(namespace).map((pod) => pod.end(0)))
  }

  /** @throws what went wrong while it ran: a test must not pass on half a node */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await this.#watching
    await Promise.all([...this.#pods.values()].map((pod) => pod.drop()))
    await this.#logs?.[Symbol.asyncDispose]()
    if (this.#problems.length > 0) throw new AggregateError(this.#problems, 'the node had problems')
  }

  /** The server ends a watch after some minutes; what happened in between is in the next list. */
  async #watch(): Promise<void> {
    while (!this.#over.signal.aborted)
      try {
        await this.#watchOnce()
      } catch (error) {
        if (!this.#over.signal.aborted) this.#problems.push(error)
        return
      }
  }

  async #watchOnce(): Promise<void> {
    const list = await this.#api.must({ method: 'GET', path: PODS })
    const items = list['items'] as readonly Pod[]
    for (const pod of items) this.#look(pod)
    const there = new Set(items.map(({ metadata }) => metadata.uid))
    for (const [uid, pod] of this.#pods) if (!there.has(uid)) this.#forget(uid, pod.drop())
    const { resourceVersion } = list['metadata'] as { resourceVersion: string }
    const path = `${PODS}?watch=1&resourceVersion=${resourceVersion}`
    for await (const { type, object } of this.#api.watch(path, this.#over.signal)) {
      // The version is too old: a new list.
      if (type === 'ERROR') return
      const pod = object as Pod
      if (type === 'DELETED') this.#gone(pod)
      else this.#look(pod)
    }
  }

  #gone({ metadata: { uid } }: Pod): void {
    const running = this.#pods.get(uid)
    if (running) this.#forget(uid, running.drop())
  }

  /** Begins what the state of a pod asks for, once. */
  #look(pod: Pod): void {
    const { uid, namespace, deletionTimestamp } = pod.metadata
    const running = this.#pods.get(uid)
    if (deletionTimestamp !== undefined) {
      const seconds = pod.metadata.deletionGracePeriodSeconds ?? GRACE_SECONDS
      if (running) this.#forget(uid, running.end(seconds))
      else if (!this.#seen.has(uid)) this.#begin(uid, this.#place(pod).end(0))
      return
    }
    if (this.#seen.has(uid) || this.#left.has(namespace)) return
    this.#begin(
      uid,
      this.#course(namespace) === 'unschedulable' ? this.#refuse(pod) : this.#run(pod),
    )
  }

  #course(namespace: string): PodCourse {
    return this.#courses.get(namespace) ?? 'ready'
  }

  #begin(uid: string, work: Promise<void>): void {
    this.#seen.add(uid)
    void work.catch(this.#fail)
  }

  #forget(uid: string, ending: Promise<void>): void {
    void ending.catch(this.#fail).finally(() => this.#pods.delete(uid))
  }

  #place(pod: Pod): RunningPod {
    const { namespace } = pod.metadata
    this.#addresses += 1
    // Every address of 127.0.0.0/8 is this machine's own on Linux.
    const ip = `127.90.${this.#addresses >> 8}.${this.#addresses & 255}`
    const failed = this.#fail
    return new RunningPod(pod, { api: this.#api, ip, course: this.#course(namespace), failed })
  }

  async #run(pod: Pod): Promise<void> {
    const { name, namespace, uid } = pod.metadata
    const running = this.#place(pod)
    this.#pods.set(uid, running)
    const { status, body } = await this.#api.ask({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods/${name}/binding`,
      body: { metadata: { name }, target: { kind: 'Node', name: NODE } },
    })
    // A pod that was deleted before it ran is no problem.
    const isGone = status === 404 || status === 409 || this.#left.has(namespace)
    if (isGone) return void this.#pods.delete(uid)
    if (status !== 201) throw new Error(`binding ${name}: ${status} ${String(body['message'])}`)
    await running.start()
  }

  async #refuse({ metadata: { name, namespace } }: Pod): Promise<void> {
    await this.#api.ask({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
      body: { status: unschedulable() },
    })
  }
}
