import { randomUUID } from 'node:crypto'
import { healthyTasks, liveTasks, newDeployment } from './ecs-deployment.ts'
import type { FakeDeployment, FakeEvent } from './ecs-deployment.ts'
import { EcsTask } from './ecs-task.ts'
import type { TaskCommand, TaskTimes } from './ecs-task.ts'

/** A service of the fake. */
export interface ServiceSpec {
  readonly name: string
  readonly desired: number
  /** What the next task runs; asked each time one is started. */
  command(task: { readonly deployment: string; readonly taskDefinition: string }): TaskCommand
  readonly times?: Partial<TaskTimes>
  /**
   * The circuit breaker. `new`, `same`: a failed deployment gives way to a new one of the revision
   * before, or to the last complete one itself. AWS documents that the service goes back to the
   * last complete deployment, not under which id. `stop`: nothing takes its place.
   */
  readonly breaker?: 'stop' | 'new' | 'same'
  /** Milliseconds for which a deployment without tasks stays in the list. Default 0. */
  readonly lingerMs?: number
  readonly controller?: 'ECS' | 'CODE_DEPLOY' | 'EXTERNAL'
  /** False: `rolloutState` is not told, as behind a Classic Load Balancer. */
  readonly tellsRollout?: boolean
  /** Its subnets and security groups, as `awsvpcConfiguration` tells them. */
  readonly network?: Readonly<Record<string, unknown>>
}

/** How often in a second tasks that fail are started again: the fake is in a hurry. */
const RESTART_MS = 20

/**
 * A service that is deployed by rolling update with minimumHealthyPercent 100 and maximumPercent
 * 200: new tasks first, then, as they become healthy, SIGTERM to the old ones.
 * @see Amazon ECS developer guide, "Deploy Amazon ECS services by replacing tasks" and "How the
 *   Amazon ECS deployment circuit breaker detects failures"
 */
export class ServiceMachine {
  readonly spec: ServiceSpec
  readonly events: FakeEvent[] = []
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE' = 'ACTIVE'
  desired: number
  /** Newest first. */
  deployments: FakeDeployment[] = []
  /** Ids of all deployments that were ever begun, the first included. */
  readonly begun: string[] = []
  #lastTime = 0
  #timers = new Set<NodeJS.Timeout>()
  #listeners: (() => void)[] = []
  #over = false

  constructor(spec: ServiceSpec) {
    this.spec = spec
    this.desired = spec.desired
    this.deploy('task:1')
  }

  get primary(): FakeDeployment {
    const [first] = this.deployments
    if (first === undefined) throw new Error('a service has a deployment')
    return first
  }

  /** Begins a deployment; whoever asks for it. */
  deploy(taskDefinition: string = this.primary.taskDefinition): FakeDeployment {
    const deployment = newDeployment(taskDefinition, this.#time())
    this.#lead(deployment)
    this.begun.push(deployment.id)
    this.#step()
    return deployment
  }

  scale(desired: number): void {
    this.desired = desired
    this.#step()
  }

  /** Resolves when this is true; it is asked after every change. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#listeners.push(resolve)
      await promise
    }
  }

  async kill(): Promise<void> {
    this.#over = true
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.all(
      this.deployments.flatMap(({ tasks }) => [...tasks].map((task) => task.kill())),
    )
  }

  #time(): Date {
    this.#lastTime = Math.max(Date.now(), this.#lastTime + 1)
    return new Date(this.#lastTime)
  }

  #say(message: string): void {
    const event = { id: randomUUID(), createdAt: this.#time(), message }
    this.events.unshift({ ...event, message: `(service ${this.spec.name}) ${message}` })
  }

  #lead(deployment: FakeDeployment): void {
    for (const other of this.deployments) other.status = 'ACTIVE'
    deployment.status = 'PRIMARY'
    this.deployments = [deployment, ...this.deployments.filter((one) => one !== deployment)]
  }

  #step(): void {
    if (this.#over) return
    this.#start()
    this.#stop()
    this.#forget()
    this.#complete()
    for (const listener of this.#listeners.splice(0)) listener()
  }

  #start(): void {
    const { primary, desired } = this
    if (primary.rolloutState === 'FAILED') return
    const live = this.deployments.reduce((sum, one) => sum + liveTasks(one).length, 0)
    const room = Math.max(0, 2 * desired - live)
    const missing = Math.max(0, desired - liveTasks(primary).length)
    for (let i = 0; i < Math.min(room, missing); i++) this.#startTask(primary)
  }

  #startTask(deployment: FakeDeployment): void {
    const { id: name, taskDefinition } = deployment
    const command = this.spec.command({ deployment: name, taskDefinition })
    const times = { settleMs: 0, stopTimeoutMs: 2_000, ...this.spec.times }
    const id = randomUUID().replaceAll('-', '')
    const task = new EcsTask(id, command, times, () => this.#changed(deployment, task))
    deployment.tasks.add(task)
    this.#say(`has started 1 tasks: (task ${id}).`)
  }

  #changed(deployment: FakeDeployment, task: EcsTask): void {
    if (task.state !== 'stopped') return this.#step()
    deployment.tasks.delete(task)
    if (task.wasStopped || this.#over) return this.#step()
    this.#say(`(task ${task.id}) has ended with exit code ${task.exitCode ?? 0}.`)
    if (deployment.rolloutState === 'IN_PROGRESS') deployment.failedTasks += 1
    this.#breakCircuit(deployment)
    this.#later(RESTART_MS)
  }

  #later(ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#step()
    }, ms)
    this.#timers.add(timer)
  }

  /** Half of the desired count, at least 3 and at most 200 tasks. */
  #breakCircuit(failed: FakeDeployment): void {
    const { breaker } = this.spec
    const threshold = Math.min(200, Math.max(3, Math.ceil(this.desired / 2)))
    const isFailing = failed.rolloutState === 'IN_PROGRESS' && failed.failedTasks >= threshold
    if (breaker === undefined || !isFailing) return
    failed.rolloutState = 'FAILED'
    failed.reason = 'ECS deployment circuit breaker: tasks failed to start.'
    this.#say(`(deployment ${failed.id}) deployment failed: tasks failed to start.`)
    for (const task of failed.tasks) task.stop()
    const last = this.deployments.find((one) => one !== failed && one.hasCompleted)
    if (breaker === 'stop' || last === undefined) return
    const next = breaker === 'same' ? last : newDeployment(last.taskDefinition, this.#time())
    next.rolloutState = 'IN_PROGRESS'
    const going = `rolling back to deploymentId ${last.id}.`
    next.reason = `ECS deployment circuit breaker: ${going}`
    this.#say(going)
    this.#lead(next)
  }

  #stop(): void {
    const { primary, desired } = this
    const excess = liveTasks(primary).slice(desired)
    for (const task of excess) this.#stopTask(task)
    let spare = healthyTasks(primary).length
    const older = this.deployments.filter((one) => one !== primary).flatMap(liveTasks)
    const kept = primary.rolloutState === 'FAILED' ? desired : Math.max(0, desired - spare)
    spare = Math.max(0, older.length - kept)
    for (const task of older.slice(0, spare)) this.#stopTask(task)
  }

  #stopTask(task: EcsTask): void {
    task.stop()
    this.#say(`has stopped 1 running tasks: (task ${task.id}).`)
  }

  #forget(): void {
    const { lingerMs = 0 } = this.spec
    const now = Date.now()
    const stays = (one: FakeDeployment): boolean =>
      one === this.primary || one.tasks.size > 0 || now - one.createdAt.getTime() < lingerMs
    this.deployments = this.deployments.filter(stays)
  }

  #complete(): void {
    const { primary, desired } = this
    const alone = this.deployments.every((one) => one === primary || one.tasks.size === 0)
    if (primary.rolloutState !== 'IN_PROGRESS' || !alone) return
    if (healthyTasks(primary).length !== desired || primary.tasks.size !== desired) return
    primary.rolloutState = 'COMPLETED'
    primary.hasCompleted = true
    primary.reason = `ECS deployment ${primary.id} completed.`
    this.#say(`(deployment ${primary.id}) deployment completed.`)
    this.#say('has reached a steady state.')
  }
}
