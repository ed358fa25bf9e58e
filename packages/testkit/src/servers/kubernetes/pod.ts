import type { PodCourse } from '../../conformance/kubernetes-fixture.ts'
import type { Api } from './api.ts'
import { PodProcess } from './pod-process.ts'
import { ConfigMissing, environmentOf } from './pod-spec.ts'
import type { Pod } from './pod-spec.ts'
import { statusOf } from './pod-status.ts'
import type { ContainerEnd, ContainerState } from './pod-status.ts'

/** First wait before a container that has ended is started again; it doubles each time. */
const BACK_OFF_MS = 500

/** What a pod needs of its node. */
export interface PodPlace {
  readonly api: Api
  /** An address of this machine that no other pod has. */
  readonly ip: string
  readonly course: PodCourse
  /** Gets what goes wrong while nobody waits for it. */
  readonly failed: (error: unknown) => void
}

/** A pod on this node, from its binding to its end. */
export class RunningPod {
  readonly ip: string
  readonly pod: Pod
  readonly #api: Api
  readonly #course: PodCourse
  readonly #failed: PodPlace['failed']
  readonly #over = new AbortController()
  #process: PodProcess | undefined
  /** The last one, which has said what it has said. */
  #ran: PodProcess | undefined
  #last: ContainerEnd | undefined
  #ready = false
  #ending: Promise<void> | undefined
  /** Statuses go to the server in the order in which they came about. */
  #written: Promise<void> = Promise.resolve()

  constructor(pod: Pod, { api, ip, course, failed }: PodPlace) {
    this.pod = pod
    this.ip = ip
    this.#api = api
    this.#course = course
    this.#failed = failed
  }

  /** Takes requests: Ready, and not asked to go. */
  get serves(): boolean {
    return this.#ready && !this.#over.signal.aborted
  }

  /** What its process has printed. */
  get said(): string {
    return this.#ran?.said ?? ''
  }

  /** Writes to the standard input of its process. */
  tell(text: string): void {
    this.#process?.tell(text)
  }

  /** Starts the container, or lets it wait as the course says. */
  async start(): Promise<void> {
    const waiting = waitingOf(this.#course, this.pod.spec.containers[0].image)
    if (waiting) {
      if (this.#course === 'crashing') this.#last = { exitCode: 1, restarts: 1 }
      return await this.#report(waiting)
    }
    if (this.pod.spec.containers[0].command === undefined)
      return await this.#report(this.#running(this.#course === 'ready'))
    await this.#startProcess()
  }

  /** SIGTERM, SIGKILL after the time given; then the pod is gone, for the server as well. */
  async end(graceSeconds: number): Promise<void> {
    if (this.#ending && graceSeconds === 0) this.#process?.kill('SIGKILL')
    this.#ending ??= this.#end(graceSeconds)
    await this.#ending
  }

  /** Ends the process and tells nobody: the server has forgotten the pod. */
  async drop(): Promise<void> {
    this.#over.abort()
    await this.#process?.end(0)
    await this.#written
  }

  async #end(graceSeconds: number): Promise<void> {
    this.#over.abort()
    await this.#process?.end(graceSeconds)
    await this.#written
    const { name, namespace, uid } = this.pod.metadata
    await this.#api.ask({
      method: 'DELETE',
      path: `/api/v1/namespaces/${namespace}/pods/${name}`,
      body: { gracePeriodSeconds: 0, preconditions: { uid } },
    })
  }

  async #startProcess(): Promise<void> {
    const environment = await this.#environment()
    if (environment === undefined || this.#over.signal.aborted) return
    const process = new PodProcess(this.pod.spec.containers[0], environment)
    this.#process = process
    this.#ran = process
    const since = new Date()
    const isOnce = this.pod.spec.restartPolicy === 'Never'
    void process.ended
      .then((exitCode) => (isOnce ? this.#stop(exitCode, since) : this.#again(exitCode)))
      .catch(this.#failed)
    await this.#report(this.#running(false))
    if (this.#course === 'unready') return
    await Promise.race([process.ready, process.ended])
    // It may have ended in the same moment, and that status stands.
    if (this.#process === process) await this.#report(this.#running(true))
  }

  async #environment(): Promise<Record<string, string> | undefined> {
    try {
      return await environmentOf(this.pod, this.ip, this.#api)
    } catch (error) {
      if (!(error instanceof ConfigMissing)) throw error
      const reason = 'CreateContainerConfigError'
      await this.#report({ kind: 'waiting', reason, message: error.message })
      return undefined
    }
  }

  async #stop(exitCode: number, since: Date): Promise<void> {
    if (this.#over.signal.aborted) return
    this.#process = undefined
    await this.#report({ kind: 'ended', exitCode, since })
  }

  async #again(exitCode: number): Promise<void> {
    if (this.#over.signal.aborted) return
    const restarts = (this.#last?.restarts ?? 0) + 1
    this.#process = undefined
    this.#last = { exitCode, restarts }
    const back = BACK_OFF_MS * 2 ** Math.min(restarts - 1, 5)
    const message = `back-off ${back}ms restarting failed container`
    await this.#report({ kind: 'waiting', reason: 'CrashLoopBackOff', message })
    const timer = setTimeout(() => void this.#startProcess().catch(this.#failed), back)
    this.#over.signal.addEventListener('abort', () => clearTimeout(timer))
  }

  #running(ready: boolean): ContainerState {
    return { kind: 'running', ready, since: new Date() }
  }

  async #report(state: ContainerState): Promise<void> {
    this.#ready = state.kind === 'running' && state.ready
    const { name, namespace } = this.pod.metadata
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`
    const status = statusOf(this.pod, state, { ip: this.ip, last: this.#last })
    this.#written = this.#written.then(async () => {
      // Whoever has deleted it in the meantime is told by the next event.
      await this.#api.ask({ method: 'PATCH', path, body: { status } })
    })
    await this.#written
  }
}

function waitingOf(course: PodCourse, image: string): ContainerState | undefined {
  if (course === 'image-missing') {
    const message = `Back-off pulling image "${image}"`
    return { kind: 'waiting', reason: 'ImagePullBackOff', message }
  }
  if (course !== 'crashing') return undefined
  const message = 'back-off 10s restarting failed container'
  return { kind: 'waiting', reason: 'CrashLoopBackOff', message }
}
