import type { IncomingMessage, ServerResponse } from 'node:http'
import { startHttpEnd } from '../servers/http-end.ts'
import { AwsRefusal } from './aws-refusal.ts'
import { READS, actions } from './secrets-manager-actions.ts'
import type { Json, Vault } from './secrets-manager-actions.ts'
import { holderOf, moveLabel, newSecret, putVersion } from './secrets-manager-state.ts'
import type { FakeOwner, FakeRotation, FakeSecret } from './secrets-manager-state.ts'

/**
 * What goes wrong with some calls.
 * - `throttle`, `denied`, `expired`: refused, nothing is done. `broken`: HTTP 500, and it is done.
 * - `answer-lost`: done, and the connection is reset. `request-lost`: reset, nothing is done.
 * - `hang`: done, and never answered. `stale`: a read shows the state before the last write.
 */
export type FaultKind =
  | 'throttle'
  | 'denied'
  | 'expired'
  | 'broken'
  | 'answer-lost'
  | 'request-lost'
  | 'hang'
  | 'stale'

/** A fault and the calls that it hits. */
export interface Fault {
  readonly kind: FaultKind
  /** Only calls of this action. Default: every action. */
  readonly action?: string
  /** Only calls about this secret, as they name it. Default: every secret. */
  readonly secret?: string
  /** How many matching calls it hits. Default 1. */
  readonly calls?: number
  /** How many matching calls pass before the first that it hits. Default 0. */
  readonly after?: number
  /** Is told of each call that it hits, before anything is done or answered. */
  readonly struck?: () => void
}

/** What was asked about which secret, as the call names it. */
export interface SecretCall {
  readonly action: string
  readonly secret: string
}

/** A running fake of Secrets Manager. */
export interface FakeSecretsManager extends AsyncDisposable {
  /** For the SDK's `endpoint`. */
  readonly endpoint: string
  /** The action of every call since the start, in order. */
  readonly log: readonly string[]
  /** As {@link log}, with the secret of each. */
  readonly calls: readonly SecretCall[]
  /** Arms a fault. Several are tried in the order in which they were armed. */
  fail(fault: Fault): void
  /** Takes back all faults and ends calls that hang. */
  heal(): void
  /** What the version with this label holds, asked past all faults and without a request. */
  peek(name: string, label: string): string | undefined
  /** Labels a version without a value AWSPENDING, as RotateSecret does before the Lambda runs. */
  announce(name: string, token: string): void
  /** Says how a secret is rotated, and when it was. */
  schedule(name: string, rotation: FakeRotation): void
  /** Says when a secret was last changed, until something changes it. */
  backdate(name: string, changedAt: Date): void
  /** What the owner of a managed secret may do. */
  readonly managed: ManagedSecrets
}

/** The side of Secrets Manager that the services of AWS see, and nobody else. */
export interface ManagedSecrets {
  /** Makes a managed secret with this value as AWSCURRENT. @returns its ARN */
  create(name: string, text: string, owner: FakeOwner): string
  /** Stages a version. @returns its id */
  stage(name: string, text: string): string
  /** Makes a staged version the current one. */
  promote(name: string, id: string): void
}

interface Server {
  readonly log: string[]
  readonly calls: SecretCall[]
  readonly faults: { readonly fault: Fault; passing: number; left: number }[]
  /** By name: what is, and what was before the last write. */
  readonly secrets: Map<string, FakeSecret>
  readonly before: Map<string, FakeSecret>
  readonly hanging: Set<ServerResponse>
}

/**
 * Starts a fake of AWS Secrets Manager on a free port of 127.0.0.1: the real SDK talks to it by
 * `endpoint`. It keeps to AWS's rules for tokens and labels and can fail in ways that no emulator
 * offers. Signatures are demanded and not verified.
 */
export async function startSecretsManager(): Promise<FakeSecretsManager> {
  const state: Server = {
    log: [],
    calls: [],
    faults: [],
    secrets: new Map(),
    before: new Map(),
    hanging: new Set(),
  }
  const end = await startHttpEnd((...exchange) => serve(state, ...exchange))
  const heal = (): void => {
    state.faults.length = 0
    for (const response of state.hanging) response.destroy()
    state.hanging.clear()
  }
  return {
    endpoint: end.url,
    log: state.log,
    calls: state.calls,
    fail: (fault) => {
      state.faults.push({ fault, passing: fault.after ?? 0, left: fault.calls ?? 1 })
    },
    heal,
    peek: (name, label) => {
      const secret = state.secrets.get(name)
      return secret && holderOf(secret, label)?.text
    },
    announce: (name, token) => announce(state, name, token),
    schedule: (name, rotation) => keep(state, { ...secretOf(state, name), rotation }),
    backdate: (name, changedAt) => {
      state.secrets.set(name, { ...secretOf(state, name), changedAt })
    },
    managed: managedSecrets(state),
    [Symbol.asyncDispose]: () => end[Symbol.asyncDispose](),
  }
}

async function serve(
  state: Server,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const action = String(request.headers['x-amz-target']).replace('secretsmanager.', '')
  const body = await readJson(request)
  const named = body['SecretId'] ?? body['Name']
  const call = { action, secret: typeof named === 'string' ? named : '' }
  state.log.push(action)
  state.calls.push(call)
  const kind = takeFault(state, call)
  if (kind === 'request-lost') {
    request.socket.resetAndDestroy()
    return
  }
  const signed = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256') === true
  const answer = answerTo(state, { action, body, signed, kind })
  if (kind === 'answer-lost') request.socket.resetAndDestroy()
  else if (kind === 'hang') state.hanging.add(response)
  else {
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(answer.body))
  }
}

interface Question {
  readonly action: string
  readonly body: Json
  readonly signed: boolean
  readonly kind: FaultKind | undefined
}

function answerTo(state: Server, question: Question): { status: number; body: Json } {
  try {
    const body = perform(state, question)
    if (question.kind === 'broken') throw new AwsRefusal('InternalAwsRefusal', 'broken', 500)
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
    throw new AwsRefusal('AccessDeniedException', `not authorized: secretsmanager:${action}`)
  const run = actions.get(action)
  if (!run) throw new AwsRefusal('UnknownOperationException', action)
  return run(vault(state, kind === 'stale' && READS.has(action)), body)
}

function vault(state: Server, stale: boolean): Vault {
  return {
    find(id) {
      const known = [...state.secrets.values()]
      const secret = known.find(({ name, arn }) =>
        [name, arn, arn.replace(/-[0-9a-f]{6}$/, '')].includes(id),
      )
      return (stale && secret && state.before.get(secret.name)) || secret
    },
    keep(secret) {
      const before = state.secrets.get(secret.name)
      if (before) state.before.set(secret.name, before)
      if (secret !== before) keep(state, secret)
    },
  }
}

function secretOf({ secrets }: Server, name: string): FakeSecret {
  const secret = secrets.get(name)
  if (!secret) throw new Error(`no secret ${name}`)
  return secret
}

function keep({ secrets }: Server, secret: FakeSecret): void {
  secrets.set(secret.name, { ...secret, changedAt: new Date() })
}

function managedSecrets(state: Server): ManagedSecrets {
  return {
    create: (name, text, owner) => {
      const put = putVersion({ ...newSecret(name), owner }, { text }, {})
      keep(state, put.secret)
      return put.secret.arn
    },
    stage: (name, text) => {
      const put = putVersion(secretOf(state, name), { text }, { labels: ['AWSPENDING'] })
      keep(state, put.secret)
      return put.version.id
    },
    promote: (name, id) => {
      const secret = secretOf(state, name)
      const from = holderOf(secret, 'AWSCURRENT')?.id ?? ''
      const moved = moveLabel(secret, { label: 'AWSCURRENT', from, to: id })
      keep(state, moveLabel(moved, { label: 'AWSPENDING', from: id }))
    },
  }
}

function takeFault(state: Server, { action, secret }: SecretCall): FaultKind | undefined {
  const armed = state.faults.find(
    ({ fault, left }) =>
      left > 0 &&
      (fault.action ?? action) === action &&
      (fault.secret ?? secret) === secret &&
      (fault.kind !== 'stale' || READS.has(action)),
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

function announce(state: Server, name: string, token: string): void {
  const secret = secretOf(state, name)
  const pending = holderOf(secret, 'AWSPENDING')
  const versions = secret.versions.map((version) =>
    version === pending
      ? { ...version, labels: version.labels.filter((label) => label !== 'AWSPENDING') }
      : version,
  )
  const announced = { id: token, createdAt: new Date(), labels: ['AWSPENDING'] }
  keep(state, { ...secret, versions: [...versions, announced] })
}

async function readJson(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array))
  const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}')
  return typeof parsed === 'object' && parsed !== null ? (parsed as Json) : {}
}
