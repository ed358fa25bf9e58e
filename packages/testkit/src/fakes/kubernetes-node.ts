import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { PodCourse } from '../conformance/kubernetes-fixture.ts'
import type { ObjectStore, Place, Stored } from './kubernetes-store.ts'

/** The part of a container's spec that the node looks at. */
interface Container {
  readonly name: string
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly {
    readonly name: string
    readonly value?: string
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } }
  }[]
}

/** What a pod is to run. */
export interface PodSpec {
  readonly containers: readonly Container[]
  /** Seconds. Default 30. */
  readonly terminationGracePeriodSeconds?: number
  /** `Never`: a container that has ended is not started again. Default `Always`. */
  readonly restartPolicy?: 'Always' | 'Never'
}

/** Longest wait before a container that has ended is started again, in milliseconds. */
const LONGEST_BACKOFF_MS = 5000

/**
 * The node of a fake cluster: it runs the first container of each pod as a process of this machine.
 * @see KubernetesFixture for what a pod's course means
 */
export class Node {
  readonly #store: ObjectStore
  readonly #running = new Map<string, ChildProcess>()
  readonly #ending = new Map<string, Promise<void>>()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #logs = new Map<string, string>()

  constructor(store: ObjectStore) {
    this.#store = store
  }

  /** Begins to run a pod that was made. */
  start(place: Place, course: PodCourse): void {
    switch (course) {
      case 'unschedulable':
        return this.#tell(place, 'Pending', {
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }],
        })
      case 'image-missing':
        return this.#tell(place, 'Pending', waiting('ImagePullBackOff'))
      case 'crashing':
        return this.#tell(place, 'Running', {
          ...waiting('CrashLoopBackOff', { terminated: { exitCode: 1, reason: 'Error' } }),
        })
      case 'ready':
      case 'unready':
        return this.#run(place, course, 0)
    }
  }

  /** What the container of a pod has printed, on both streams; empty where nothing runs. */
  logOf(place: Place): string {
    return this.#logs.get(this.#store.get(place).metadata.uid) ?? ''
  }

  /** Ends a pod: it is there until its process is gone. */
  async end(place: Place): Promise<void> {
    const pod = this.#store.find(place)
    if (pod === undefined) return
    const { uid } = pod.metadata
    const ending = this.#ending.get(uid) ?? this.#end(place, pod)
    this.#ending.set(uid, ending)
    await ending
    this.#ending.delete(uid)
  }

  async #end(place: Place, pod: Stored): Promise<void> {
    this.#store.change(place, (object) => {
      object.metadata.deletionTimestamp = new Date().toISOString()
      return object
    })
    const child = this.#running.get(pod.metadata.uid)
    if (child) await ended(child, (specOf(pod).terminationGracePeriodSeconds ?? 30) * 1000)
    this.#store.remove(place)
  }

  /** Ends all processes at once. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.all([...this.#running.values()].map((child) => ended(child, 0)))
  }

  #run(place: Place, course: 'ready' | 'unready', restarts: number): void {
    const pod = this.#store.find(place)
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return
    const [container] = specOf(pod).containers
    const [program, ...args] = [...(container?.command ?? []), ...(container?.args ?? [])]
    const env = container && this.#environment(container, place.namespace)
    if (env === undefined)
      return this.#tell(place, 'Pending', waiting('CreateContainerConfigError'))
    const up = (ready: boolean): void => this.#tell(place, 'Running', running(ready, restarts))
    const isOnce = specOf(pod).restartPolicy === 'Never'
    up((isOnce || program === undefined) && course === 'ready')
    if (program === undefined) return
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const { uid } = pod.metadata
    this.#running.set(uid, child)
    this.#keep(uid, child)
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'ready' && course === 'ready') up(true)
    })
    child.once('error', () => undefined)
    child.once('close', (code) => {
      this.#running.delete(uid)
      this.#crashed(place, course, { restarts, exitCode: code ?? 137 })
    })
  }

  #keep(uid: string, { stdout, stderr }: ChildProcess): void {
    for (const stream of [stdout, stderr])
      stream?.on('data', (part: Buffer) => {
        this.#logs.set(uid, (this.#logs.get(uid) ?? '') + part.toString('utf8'))
      })
    // Who runs the tests sees what goes wrong in a pod.
    stderr?.pipe(process.stderr, { end: false })
  }

  #crashed(
    place: Place,
    course: 'ready' | 'unready',
    { restarts, exitCode }: { restarts: number; exitCode: number },
  ): void {
    const pod = this.#store.find(place)
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return
    if (specOf(pod).restartPolicy === 'Never')
      return this.#tell(place, exitCode === 0 ? 'Succeeded' : 'Failed', terminated(exitCode))
    const last = { terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' } }
    this.#tell(place, 'Running', waiting('CrashLoopBackOff', last))
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        this.#run(place, course, restarts + 1)
      },
      Math.min(200 * 2 ** restarts, LONGEST_BACKOFF_MS),
    )
    timer.unref()
    this.#timers.add(timer)
  }

  /** Undefined where a key of a Secret is missing. */
  #environment({ env = [] }: Container, namespace: string): Record<string, string> | undefined {
    const result: Record<string, string> = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' }
    for (const { name, value = '', valueFrom } of env) {
      const from = valueFrom?.secretKeyRef
      if (from === undefined) {
        result[name] = value
        continue
      }
      const secret = this.#store.find({ resource: 'secrets', namespace, name: from.name })
      const base64 = (secret?.['data'] as Record<string, string> | undefined)?.[from.key]
      if (base64 === undefined) return undefined
      result[name] = Buffer.from(base64, 'base64').toString('utf8')
    }
    return result
  }

  #tell(place: Place, phase: string, status: object): void {
    if (this.#store.find(place) === undefined) return
    this.#store.change(place, (object) => {
      const [container] = specOf(object).containers
      const states = 'containerStatuses' in status ? (status.containerStatuses as object[]) : []
      const containerStatuses = states.map((state) => ({
        name: container?.name ?? 'app',
        image: container?.image ?? '',
        ...state,
      }))
      return { ...object, status: { ...status, phase, containerStatuses } }
    })
  }
}

function specOf(pod: Stored): PodSpec {
  return pod['spec'] as PodSpec
}

function waiting(reason: string, lastState: object = {}): object {
  return {
    conditions: [{ type: 'Ready', status: 'False' }],
    containerStatuses: [
      { ready: false, started: false, restartCount: 0, state: { waiting: { reason } }, lastState },
    ],
  }
}

function terminated(exitCode: number): object {
  const reason = exitCode === 0 ? 'Completed' : 'Error'
  const state = { terminated: { exitCode, reason } }
  return {
    conditions: [{ type: 'Ready', status: 'False', reason: 'PodCompleted' }],
    containerStatuses: [{ ready: false, started: false, restartCount: 0, state, lastState: {} }],
  }
}

function running(ready: boolean, restartCount: number): object {
  return {
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [
      { ready, started: true, restartCount, state: { running: {} }, lastState: {} },
    ],
  }
}

/** TERM, and KILL after the grace. */
async function ended(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'close')
  child.kill(graceMs === 0 ? 'SIGKILL' : 'SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await gone
  clearTimeout(timer)
}
