import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { startHttpEnd } from '../servers/http-end.ts'
import { RotationMachine } from './rds-rotation.ts'
import type { Rotated } from './rds-rotation.ts'
import { clusterXml, endpointXml, instanceXml, isCalled } from './rds-servers.ts'
import type { RdsPlace, RdsServer } from './rds-servers.ts'
import { answerXml, errorXml } from './rds-xml.ts'
import type { XmlTree } from './rds-xml.ts'

/**
 * What goes wrong with a call.
 * - `throttle`, `denied`, `state`: refused, nothing is done. `broken`: HTTP 500, and it is done.
 * - `answer-lost`: done, and the connection is reset. `request-lost`: reset, nothing is done.
 * - `hang`: done, and never answered.
 */
export type RdsFaultKind =
  | 'throttle'
  | 'denied'
  | 'state'
  | 'broken'
  | 'answer-lost'
  | 'request-lost'
  | 'hang'

/** A fault and the calls that it hits. */
export interface RdsFault {
  readonly kind: RdsFaultKind
  /** Only calls of this action. Default: every action. */
  readonly action?: string
  /** How many matching calls it hits. Default 1. */
  readonly calls?: number
  /** How many matching calls pass before the first that it hits. Default 0. */
  readonly after?: number
  /** Is told of each call that it hits, before anything is done or answered. */
  readonly struck?: () => void
}

/** The database that the fake has, and its credential. */
export interface RdsFakeOptions extends Rotated {
  readonly kind: 'instance' | 'cluster'
  readonly id: string
  /** ARN of the managed secret. */
  readonly secretArn: string
  /** Another one of the same kind, whose password RDS does not manage. */
  readonly unmanagedId?: string
  /** Where it says that it is. Default: it does not say. */
  readonly endpoint?: Omit<RdsPlace, 'kind'>
}

/** A running fake of RDS with one instance or cluster, and what a test adds. */
export interface FakeRds extends AsyncDisposable {
  /** For the SDK's `endpoint`. */
  readonly endpoint: string
  readonly port: number
  /** The action of every call since the start, in order. */
  readonly log: readonly string[]
  /** The parameters of the last request that asked for a change. */
  readonly asked: URLSearchParams
  readonly rotation: RotationMachine
  /** Makes an instance or a cluster that is only described. */
  add(server: RdsServer): void
  /** Resolves when the resource has been described this often since the start. */
  lookedAt(count: number): Promise<void>
  /** Arms a fault. */
  fail(fault: RdsFault): void
  /** Takes back all faults and ends calls that hang. */
  heal(): void
}

interface Server {
  readonly options: RdsFakeOptions
  readonly servers: RdsServer[]
  readonly rotation: RotationMachine
  readonly log: string[]
  readonly faults: { readonly fault: RdsFault; passing: number; left: number }[]
  readonly hanging: Set<ServerResponse>
  readonly watchers: Set<() => void>
  asked: URLSearchParams
}

/** A refusal of the service. */
class Refusal extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

/**
 * Starts a fake of Amazon RDS on a free port of 127.0.0.1: the real SDK talks to it in the query
 * protocol. A rotation changes the password of a real database and the managed secret of the fake
 * Secrets Manager, in phases that a test can stop at.
 */
export async function startRds(options: RdsFakeOptions): Promise<FakeRds> {
  const state: Server = {
    options,
    servers: [],
    rotation: new RotationMachine(options),
    log: [],
    faults: [],
    hanging: new Set(),
    watchers: new Set(),
    asked: new URLSearchParams(),
  }
  const end = await startHttpEnd((...exchange) => serve(state, ...exchange))
  const heal = (): void => {
    state.faults.length = 0
    for (const response of state.hanging) response.destroy()
    state.hanging.clear()
  }
  return {
    endpoint: end.url,
    port: end.port,
    log: state.log,
    get asked() {
      return state.asked
    },
    rotation: state.rotation,
    add: (server) => void state.servers.push(server),
    lookedAt: (count) => lookedAt(state, count),
    fail: (fault) => {
      state.faults.push({ fault, passing: fault.after ?? 0, left: fault.calls ?? 1 })
    },
    heal,
    async [Symbol.asyncDispose]() {
      await state.rotation.settled()
      await end[Symbol.asyncDispose]()
    },
  }
}

async function serve(
  state: Server,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const parameters = new URLSearchParams(await text(request))
  const action = parameters.get('Action') ?? ''
  state.log.push(action)
  for (const watcher of state.watchers) watcher()
  const kind = takeFault(state, action)
  if (kind === 'request-lost') return void request.socket.resetAndDestroy()
  const region = regionOf(request.headers.authorization)
  const { status, xml } = answerTo(state, { action, parameters, region, kind })
  if (kind === 'answer-lost') return void request.socket.resetAndDestroy()
  if (kind === 'hang') return void state.hanging.add(response)
  response.writeHead(status, { 'content-type': 'text/xml' }).end(xml)
}

/**
 * For which region a request was signed; undefined where it was not signed.
 * @see AWS IAM user guide, "Elements of an AWS API request signature", Credential
 */
function regionOf(authorization = ''): string | undefined {
  return /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d+\/([^/]+)\/rds\//.exec(authorization)?.[1]
}

async function lookedAt({ log, watchers }: Server, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (): void => {
    if (log.filter((action) => action.startsWith('Describe')).length >= count) resolve()
  }
  watchers.add(look)
  look()
  await promise
  watchers.delete(look)
}

function takeFault(state: Server, action: string): RdsFaultKind | undefined {
  const armed = state.faults.find(
    ({ fault, left }) => left > 0 && (fault.action ?? action) === action,
  )
  if (!armed) return undefined
  if (armed.passing > 0) {
    armed.passing -= 1
    return undefined
  }
  armed.left -= 1
  armed.fault.struck?.()
  return armed.fault.kind
}

interface Question {
  readonly action: string
  readonly parameters: URLSearchParams
  readonly region: string | undefined
  readonly kind: RdsFaultKind | undefined
}

function answerTo(state: Server, question: Question): { status: number; xml: string } {
  try {
    const xml = answerXml(question.action, perform(state, question))
    if (question.kind === 'broken') throw new Refusal('InternalFailure', 'broken', 500)
    return { status: 200, xml }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { status: error.status, xml: errorXml(error.code, error.message) }
  }
}

/** The names of the two kinds of resource in the API. */
const NAMES = {
  instance: { key: 'DBInstance', status: 'DBInstanceStatus', missing: 'DBInstanceNotFound' },
  cluster: { key: 'DBCluster', status: 'Status', missing: 'DBClusterNotFoundFault' },
} as const

function perform(state: Server, { action, parameters, region, kind }: Question): XmlTree {
  if (region === undefined) throw new Refusal('MissingAuthenticationToken', 'not signed', 403)
  if (kind === 'throttle') throw new Refusal('Throttling', 'Rate exceeded')
  if (kind === 'denied') throw new Refusal('AccessDenied', `not authorized: rds:${action}`, 403)
  for (const one of ['instance', 'cluster'] as const)
    if (action === `Describe${NAMES[one].key}s`) return show(state, one, { parameters, region })
  const { key } = NAMES[state.options.kind]
  if (action !== `Modify${key}`) throw new Refusal('InvalidAction', action)
  if (kind === 'state') throw wrongState(state)
  return { [key]: modify(state, parameters) }
}

function show(
  state: Server,
  kind: RdsServer['kind'],
  { parameters, region }: { readonly parameters: URLSearchParams; readonly region: string },
): XmlTree {
  const { key } = NAMES[kind]
  const id = parameters.get(`${key}Identifier`) ?? ''
  const added = state.servers.find((one) => one.kind === kind && isCalled(one, id, region))
  if (added) {
    const tree = added.kind === 'instance' ? instanceXml(added, region) : clusterXml(added, region)
    return { [`${key}s`]: { [key]: tree } }
  }
  const [own] = found(state, kind, parameters)
  return { [`${key}s`]: { [key]: describe(state, own) } }
}

/** @see Amazon RDS API reference, ModifyDBInstance and ModifyDBCluster: parameters and errors */
function modify(state: Server, parameters: URLSearchParams): XmlTree {
  const [id, isManaged] = found(state, state.options.kind, parameters)
  state.asked = parameters
  if (parameters.get('RotateMasterUserPassword') !== 'true')
    throw new Refusal('InvalidParameterCombination', 'No modifications were requested')
  if (parameters.get('ApplyImmediately') !== 'true')
    throw new Refusal('InvalidParameterCombination', 'apply immediately')
  if (!isManaged) throw new Refusal('InvalidParameterCombination', 'the password is not managed')
  if (state.rotation.isRunning) throw wrongState(state)
  state.rotation.begin()
  return describe(state, id)
}

function wrongState({ options: { kind, id } }: Server): Refusal {
  const code = kind === 'instance' ? 'InvalidDBInstanceState' : 'InvalidDBClusterStateFault'
  return new Refusal(code, `${id} is not in the state available`)
}

/** A word that can be no identifier is not looked for. */
const IDENTIFIER = /^[a-z][a-z0-9-]*$/i

function found(
  { options }: Server,
  kind: RdsServer['kind'],
  parameters: URLSearchParams,
): readonly [string, boolean] {
  const { key, missing } = NAMES[kind]
  const id = parameters.get(`${key}Identifier`) ?? ''
  if (!IDENTIFIER.test(id)) throw new Refusal('InvalidParameterValue', 'not an identifier')
  const isOwn = kind === options.kind
  if (isOwn && (id === options.id || id === options.unmanagedId)) return [id, id === options.id]
  throw new Refusal(missing, `${id} not found.`, 404)
}

function describe({ options, rotation }: Server, id: string): XmlTree {
  const { kind, endpoint } = options
  const { key, status } = NAMES[kind]
  const secret = { SecretArn: options.secretArn, SecretStatus: rotation.status }
  return {
    [`${key}Identifier`]: id,
    [status]: 'available',
    MasterUsername: options.username,
    ...(id === options.id && { MasterUserSecret: secret }),
    ...(id === options.id && endpoint && endpointXml({ kind, ...endpoint })),
  }
}
