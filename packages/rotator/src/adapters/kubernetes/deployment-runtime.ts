import { RotatorError, isRotatorError } from '../../errors.ts'
import type { Health, RollState, Runtime } from '../../ports/runtime.ts'
import { forgetOldRolls } from '../common/forget.ts'
import { ask } from './ask.ts'
import { connector } from './connect.ts'
import type { ClusterOptions, Connector } from './connect.ts'
import type { Operation } from './failures.ts'
import { readDeployment, readPods } from './objects.ts'
import type { Deployment as DeploymentObject } from './objects.ts'
import { demandPatch } from './permissions.ts'
import { podTrouble, selectorText } from './pods.ts'
import { RESTARTED_ANNOTATION, ROTATION_ANNOTATION, judgeRollout, progress } from './rollout.ts'
import type { Verdict } from './rollout.ts'

/** Which Deployment is rolled, and how patiently. */
export interface DeploymentOptions extends ClusterOptions {
  /** Unique in its target; stands in plans and messages. */
  readonly id: string
  readonly namespace: string
  readonly name: string
  /** Milliseconds after which a roll has failed, counted from when this process first saw it. */
  readonly limitMs: number
  /** Milliseconds between two looks. */
  readonly pollMs: number
}

/** What this process knows of one roll. */
interface Course {
  readonly since: number
  begun?: Promise<void>
  /** A roll that has failed stays failed, whatever its pods say next. */
  failed?: RollState
}

/** Each update of the status moves the version on, so a patch may come too late several times. */
const MOST_CONFLICTS = 10

/**
 * A Deployment as a runtime: a roll is an annotation of its pod template, as `kubectl rollout
 * restart` makes one, that names the roll. So a new process sees in the Deployment what an earlier
 * one began, and the patch holds the version that was read, so two of them begin one roll.
 *
 * Needs `get` and `patch` of the Deployment. With `list` of pods it also says why pods do not get
 * ready. DaemonSets and StatefulSets are not rolled.
 * @throws ERR_RUNTIME_MISSING, ERR_RUNTIME_PAUSED, ERR_KUBERNETES_*, ERR_OUTCOME_UNKNOWN,
 *   ERR_CONFIG
 */
export function deploymentRuntime(options: DeploymentOptions): Runtime {
  const { id, limitMs, pollMs } = options
  const deployment = new Deployment(options)
  return {
    id,
    limitMs,
    pollMs,
    observe: (token, { signal }) => deployment.observe(token, signal),
    inspect: ({ signal }) => deployment.inspect(signal),
    health: ({ signal }) => deployment.health(signal),
    roll: (token, { signal }) => deployment.roll(token, signal),
  }
}

class Deployment {
  readonly #options: DeploymentOptions
  readonly #where: string
  readonly #connector: Connector
  readonly #courses = new Map<string, Course>()
  #mayListPods = true

  constructor(options: DeploymentOptions) {
    this.#options = options
    this.#where = `Deployment ${options.namespace}/${options.name}`
    this.#connector = connector(options)
  }

  async observe(token: string, signal: AbortSignal): Promise<RollState> {
    const deployment = await this.#read(signal)
    const verdict = judgeRollout(deployment, token)
    if (verdict.state === 'due') return { state: 'due' }
    const course = this.#course(token)
    if (course.failed) return course.failed
    if (verdict.state === 'done') return done(verdict, deployment)
    const pods = await this.#podsSay(deployment, token, signal)
    const says = `${this.#where}: ${verdict.says}${pods === '' ? '' : `; ${pods}`}`
    const late = performance.now() - course.since >= this.#options.limitMs
    if (verdict.state === 'rolling' && !late) return { state: 'rolling', why: says }
    course.failed = { state: 'failed', why: late ? `${this.#tooLate()}: ${says}` : says }
    return course.failed
  }

  async inspect(signal: AbortSignal): Promise<string> {
    const { namespace, name } = this.#options
    const wish = { connector: this.#connector, where: this.#where, namespace, name }
    await demandPatch({ ...wish, group: 'apps', resource: 'deployments' }, signal)
    return `${this.#where} may be patched`
  }

  async health(signal: AbortSignal): Promise<Health> {
    const { state, says } = progress(await this.#read(signal))
    return { well: state === 'done', why: `${this.#where}: ${says}` }
  }

  async roll(token: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const course = this.#course(token)
    course.begun ??= this.#begin(token, signal)
    try {
      await course.begun
    } catch (error) {
      delete course.begun
      throw error
    }
    forgetOldRolls(this.#courses, ({ begun }) => begun !== undefined)
  }

  #course(token: string): Course {
    const known = this.#courses.get(token) ?? { since: performance.now() }
    this.#courses.set(token, known)
    return known
  }

  async #begin(token: string, signal: AbortSignal): Promise<void> {
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts += 1) {
      const deployment = await this.#read(signal)
      if (judgeRollout(deployment, token).state !== 'due') return
      if (deployment.spec.paused === true)
        throw new RotatorError('ERR_RUNTIME_PAUSED', { runtime: this.#where })
      if (await this.#annotate(deployment, token, signal)) return
    }
    const operation = 'patch deployments'
    throw new RotatorError('ERR_KUBERNETES_CONFLICT', { where: this.#where, operation })
  }

  /** @returns false when the Deployment is not at the version that was read any more. */
  async #annotate(
    { metadata: { resourceVersion } }: DeploymentObject,
    token: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const annotations = {
      [RESTARTED_ANNOTATION]: `${new Date().toISOString().slice(0, 19)}Z`,
      [ROTATION_ANNOTATION]: token,
    }
    const template = { metadata: { annotations } }
    const patch = { metadata: { resourceVersion }, spec: { template } }
    try {
      await ask({ ...this.#question('patch deployments', signal), patch })
      return true
    } catch (error) {
      if (isRotatorError(error) && error.code === 'ERR_KUBERNETES_CONFLICT') return false
      throw error
    }
  }

  #read(signal: AbortSignal): Promise<DeploymentObject> {
    return ask(this.#question('get deployments', signal))
  }

  /** Pods only explain. A Role that does not grant them is fine: less is said. */
  async #podsSay({ spec }: DeploymentObject, token: string, signal: AbortSignal): Promise<string> {
    if (!this.#mayListPods) return ''
    const query = new URLSearchParams({ labelSelector: selectorText(spec.selector) })
    const path = `/api/v1/namespaces/${this.#options.namespace}/pods?${query.toString()}`
    try {
      const expects = readPods
      const question = { ...this.#question('list pods', signal), path, expects }
      return podTrouble(await ask(question), token)
    } catch (error) {
      if (signal.aborted || !isRotatorError(error)) throw error
      this.#mayListPods = error.code !== 'ERR_KUBERNETES_DENIED'
      return ''
    }
  }

  #question(operation: Operation, signal: AbortSignal) {
    const { namespace, name } = this.#options
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`
    const where = this.#where
    return { connector: this.#connector, where, operation, signal, path, expects: readDeployment }
  }

  #tooLate(): string {
    const { limitMs, name } = this.#options
    return `Deployment '${name}' rollout did not complete within ${limitMs / 1000}s (${limitMs} ms)`
  }
}

/** Without replicas nothing was restarted, which somebody may want to know. */
function done({ says }: Verdict, { spec }: DeploymentObject): RollState {
  return spec.replicas === 0 ? { state: 'done', why: says } : { state: 'done' }
}
