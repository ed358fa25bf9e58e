import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { startHttpEnd } from '../servers/http-end.ts'
import { ecsActions } from './ecs-actions.ts'
import type { Cluster } from './ecs-actions.ts'
import { AwsRefusal } from './aws-refusal.ts'
import { objectOf } from './ecs-json.ts'
import type { Json } from './ecs-json.ts'
import type { DefinitionSpec, RunOutcome, TaskRequest } from './ecs-run.ts'
import type { EcsTask } from './ecs-task.ts'
import { ServiceMachine } from './ecs-service.ts'
import type { ServiceSpec } from './ecs-service.ts'

/**
 * What goes wrong with a call.
 * - `throttle`, `denied`, `expired`: refused, nothing is done. `broken`: HTTP 500, and it is done.
 * - `answer-lost`: done, and the connection is reset. `request-lost`: reset, nothing is done.
 * - `hang`: done, and never answered. `stale`: a read shows the state before the last update.
 */
export type EcsFaultKind =
  | 'throttle'
  | 'denied'
  | 'expired'
  | 'broken'
  | 'answer-lost'
  | 'request-lost'
  | 'hang'
  | 'stale'

/** A fault and the calls that it hits. */
export interface EcsFault {
  readonly kind: EcsFaultKind
  /** The action that it hits. */
  readonly action: string
  /** How many calls. Default 1. */
  readonly calls?: number
}

/** One cluster. */
export interface EcsFakeOptions {
  readonly cluster: string
  readonly services: readonly ServiceSpec[]
  /** What `RunTask` runs. Default: there is no task definition. */
  readonly run?: (request: TaskRequest) => RunOutcome
  /** What `DescribeTaskDefinition` tells. Default: nothing. */
  readonly definitions?: readonly DefinitionSpec[]
  /** Gets what containers with the log driver `awslogs` print. */
  readonly log?: Cluster['log']
}

/** A running fake of ECS with one cluster. */
export interface FakeEcs extends AsyncDisposable {
  /** For the SDK's `endpoint`. */
  readonly endpoint: string
  readonly port: number
  /** Every call since the start, in order. */
  readonly calls: readonly { readonly action: string; readonly body: Json }[]
  /** A service, past the API. @throws when there is none of this name */
  service(name: string): ServiceMachine
  /** Tasks that were run by themselves and got a container, in order. */
  alone(): readonly EcsTask[]
  /** Arms a fault. */
  fail(fault: EcsFault): void
  /** Takes back all faults and ends calls that hang. */
  heal(): void
}

interface Server {
  readonly cluster: Cluster
  readonly calls: { readonly action: string; readonly body: Json }[]
  readonly faults: { readonly fault: EcsFault; left: number }[]
  readonly hanging: Set<ServerResponse>
  /** What a read just before the last update would have shown. */
  before: Json | undefined
}

const TARGET = 'AmazonEC2ContainerServiceV20141113.'

/**
 * Starts a fake of Amazon ECS on a free port of 127.0.0.1: the real SDK talks to it in the JSON
 * protocol. Its tasks are processes, which it replaces as ECS does. Signatures are demanded and
 * not verified.
 */
export async function startEcs(options: EcsFakeOptions): Promise<FakeEcs> {
  const { cluster: name, run = () => undefined, definitions = [], log } = options
  const services = new Map(options.services.map((spec) => [spec.name, new ServiceMachine(spec)]))
  const alone = { tasks: new Map(), tokens: new Map() }
  const cluster: Cluster = { name, services, definitions, run, log, ...alone }
  const state: Server = { cluster, calls: [], faults: [], hanging: new Set(), before: undefined }
  const end = await startHttpEnd((...exchange) => serve(state, ...exchange))
  return {
    endpoint: end.url,
    port: end.port,
    calls: state.calls,
    service: (wanted) => {
      const found = services.get(wanted)
      if (!found) throw new Error(`no service ${wanted}`)
      return found
    },
    alone: () => [...cluster.tasks.values()].flatMap(({ task }) => task ?? []),
    fail: (fault) => void state.faults.push({ fault, left: fault.calls ?? 1 }),
    heal: () => {
      state.faults.length = 0
      for (const response of state.hanging) response.destroy()
      state.hanging.clear()
    },
    async [Symbol.asyncDispose]() {
      await end[Symbol.asyncDispose]()
      await Promise.all([...services.values()].map((service) => service.kill()))
      await Promise.all([...cluster.tasks.values()].map(async ({ task }) => await task?.kill()))
    },
  }
}

async function serve(
  state: Server,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const action = String(request.headers['x-amz-target']).replace(TARGET, '')
  const body = objectOf(await json(request))
  state.calls.push({ action, body })
  const kind = takeFault(state, action)
  if (kind === 'request-lost') return void request.socket.resetAndDestroy()
  const signed = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256') === true
  const answer = answerTo(state, { action, body, signed, kind })
  if (kind === 'answer-lost') return void request.socket.resetAndDestroy()
  if (kind === 'hang') return void state.hanging.add(response)
  response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify(answer.body))
}

interface Question {
  readonly action: string
  readonly body: Json
  readonly signed: boolean
  readonly kind: EcsFaultKind | undefined
}

function answerTo(state: Server, question: Question): { status: number; body: Json } {
  try {
    const body = perform(state, question)
    if (question.kind === 'broken') throw new AwsRefusal('ServerException', 'broken', 500)
    return { status: 200, body }
  } catch (error) {
    if (!(error instanceof AwsRefusal)) throw error
    return { status: error.status, body: { __type: error.type, message: error.message } }
  }
}

function perform(state: Server, { action, body, signed, kind }: Question): Json {
  if (!signed) throw new AwsRefusal('MissingAuthenticationTokenException', 'not signed')
  if (kind === 'throttle') throw new AwsRefusal('ThrottlingException', 'Rate exceeded')
  if (kind === 'expired')
    throw new AwsRefusal('ExpiredTokenException', 'The security token included is expired')
  if (kind === 'denied')
    throw new AwsRefusal('AccessDeniedException', `not authorized to perform: ecs:${action}`)
  const run = ecsActions.get(action)
  if (!run) throw new AwsRefusal('UnknownOperationException', action)
  if (kind === 'stale' && state.before) return state.before
  if (action === 'UpdateService') {
    const asked = { cluster: body['cluster'], services: [body['service']] }
    state.before = ecsActions.get('DescribeServices')?.(state.cluster, asked)
  }
  return run(state.cluster, body)
}

function takeFault(state: Server, action: string): EcsFaultKind | undefined {
  const armed = state.faults.find(({ fault, left }) => left > 0 && fault.action === action)
  if (!armed) return undefined
  armed.left -= 1
  return armed.fault.kind
}
