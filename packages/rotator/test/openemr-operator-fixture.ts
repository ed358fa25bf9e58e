import { startLogs } from '../../testkit/src/fakes/cloudwatch-logs.ts'
import type { FakeLogs } from '../../testkit/src/fakes/cloudwatch-logs.ts'
import type { RunOutcome } from '../../testkit/src/fakes/ecs-run.ts'
import { AWS_ENVIRONMENT } from '../../testkit/src/rig/rig.ts'
import { PROGRAM, cuedot, startCuedot } from './cli-process.ts'
import type { CliProcess, CliResult } from './cli-process.ts'
import { openemrOnEcs } from './openemr-fixture.ts'
import type { EcsStart, EcsWorld, OpenemrDatabase } from './openemr-fixture.ts'

/** OpenEMR on ECS, and somebody who starts tasks from another machine. */
export interface OperatorWorld extends AsyncDisposable {
  readonly onEcs: EcsWorld
  readonly logs: FakeLogs
  /** `cuedot openemr …args` as the operator. */
  operate(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CliResult>
  startOperator(args: readonly string[]): CliProcess
  /** The actions that operators have called, as a policy names them. */
  operatorActions(): readonly string[]
}

/** What a world begins with, and what comes of a task that is started. */
export interface OperatorStart extends EcsStart {
  /** Default: a process that runs what the image runs. */
  readonly outcome?: RunOutcome
  /** Variables of the task that are other than usual. */
  readonly task?: Readonly<Record<string, string>>
  /** Of the container. Default `awslogs`. */
  readonly logDriver?: string
}

const FAMILY = 'rotation'
const CONTAINER = 'credential-rotation'

/** Starts a world with a task definition of the rotation. */
export async function operatorOnEcs(
  database: OpenemrDatabase,
  options: OperatorStart,
): Promise<OperatorWorld> {
  await using starting = new AsyncDisposableStack()
  const logs = starting.use(await startLogs())
  const { outcome, task = {}, logDriver = 'awslogs' } = options
  const log = { 'awslogs-group': 'openemr', 'awslogs-stream-prefix': 'ecs/credential-rotation' }
  const logConfiguration = { logDriver, options: { ...log, 'awslogs-region': 'eu-central-1' } }
  const env: { task: Readonly<Record<string, string>> } = { task: {} }
  const onEcs = starting.use(
    await openemrOnEcs(database, {
      ...options,
      service: {
        network: { subnets: ['subnet-1', 'subnet-2'], securityGroups: ['sg-1'] },
        ...options.service,
      },
      cluster: {
        definitions: [{ family: FAMILY, containers: [{ name: CONTAINER, logConfiguration }] }],
        log: (at, line) => logs.append(at, line),
        run: ({ command }) =>
          outcome ?? { argv: [process.execPath, PROGRAM, 'openemr', ...command], env: env.task },
      },
    }),
  )
  env.task = { ...onEcs.env, ...task }
  const operator = {
    ...AWS_ENVIRONMENT,
    ...{ AWS_REGION: 'eu-central-1', AWS_ENDPOINT_URL_ECS: onEcs.ecs.endpoint },
    ...{ AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.endpoint },
    ...{ OPENEMR_ECS_CLUSTER: 'openemr', OPENEMR_ECS_SERVICE: 'web' },
    OPENEMR_ROTATION_TASK_DEFINITION: FAMILY,
  }
  const cwd = onEcs.world.sites
  const running = starting.move()
  return {
    ...{ onEcs, logs },
    operate: (args, more) => cuedot(['openemr', ...args], { cwd, env: { ...operator, ...more } }),
    startOperator: (args) => startCuedot(['openemr', ...args], { cwd, env: operator }),
    operatorActions: () => [
      ...onEcs.ecs.calls
        .filter(({ action }) => action !== 'UpdateService')
        .map(({ action }) => `ecs:${action}`),
      ...logs.calls.map((action) => `logs:${action}`),
    ],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
