import { startEcs } from '../../testkit/src/fakes/ecs.ts'
import type { FakeEcs } from '../../testkit/src/fakes/ecs.ts'
import type { ServiceMachine, ServiceSpec } from '../../testkit/src/fakes/ecs-service.ts'
import type { TaskCommand } from '../../testkit/src/fakes/ecs-task.ts'
import { ecsRuntime } from '../src/adapters/ecs/runtime.ts'
import type { EcsRuntimeOptions } from '../src/adapters/ecs/runtime.ts'
import type { Runtime } from '../src/ports/runtime.ts'

process.env['AWS_ACCESS_KEY_ID'] ??= 'test'
process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test'

/** Where everything is, for the SDK. */
export const REGION = 'eu-central-1'

/** How the tasks of deployments that begin from now on go. */
export type Course = 'done' | 'failed' | 'endless'

/** Prints and stays until it is told to end. */
const SERVES: TaskCommand = {
  argv: ['/bin/sh', '-c', 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done'],
  ready: /^ready$/m,
}

/** Ends before it is ready. */
const ENDS: TaskCommand = { argv: ['/bin/sh', '-c', 'exit 1'], ready: /never/ }

/** Is never ready. */
const HANGS: TaskCommand = {
  argv: ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.05; done'],
  ready: /never/,
}

const COMMANDS: Readonly<Record<Course, TaskCommand>> = {
  done: SERVES,
  failed: ENDS,
  endless: HANGS,
}

/** A service `shop/web` of the fake, complete. */
export interface Shop extends AsyncDisposable {
  readonly ecs: FakeEcs
  readonly web: ServiceMachine
  /** A runtime on it, as a new process makes it. */
  runtime(options?: Partial<EcsRuntimeOptions>): Runtime
  setCourse(course: Course): void
  /** The actions that were called since the start. */
  actions(): readonly string[]
}

/** Starts the fake and waits until its first deployment is complete. */
export async function startShop(spec: Partial<ServiceSpec> = {}): Promise<Shop> {
  const courses = new Map<string, Course>()
  let course: Course = 'done'
  const command: ServiceSpec['command'] = ({ deployment }) => {
    if (!courses.has(deployment)) courses.set(deployment, course)
    return COMMANDS[courses.get(deployment) ?? 'done']
  }
  const web = { name: 'web', desired: 2, command, ...spec }
  const ecs = await startEcs({ cluster: 'shop', services: [web] })
  const service = ecs.service('web')
  await service.until(() => service.primary.rolloutState === 'COMPLETED')
  return {
    ecs,
    web: service,
    runtime: (options = {}) =>
      ecsRuntime({
        id: 'web',
        cluster: 'shop',
        service: 'web',
        region: REGION,
        endpoint: ecs.endpoint,
        limitMs: 20_000,
        pollMs: 10,
        ...options,
      }),
    setCourse: (next) => void (course = next),
    actions: () => ecs.calls.map(({ action }) => action),
    [Symbol.asyncDispose]: () => ecs[Symbol.asyncDispose](),
  }
}
