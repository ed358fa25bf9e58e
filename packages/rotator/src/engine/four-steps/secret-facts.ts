import { DocumentError, parseRotationDocument, readSuccessor } from '@cuedot/client/protocol'
import type { Credential, RotationDocument, RotationEngine } from '@cuedot/client/protocol'
import { ALREADY_CURRENT, decideEntry } from '../../domain/four-steps.ts'
import type { FourStepDecision, FourStepStrategy, StagingFacts } from '../../domain/four-steps.ts'
import { RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { RotationState } from '../../ports/rotation-secret.ts'
import type { SecretVersion } from '../../ports/secret-store.ts'
import { parseRotationVersion } from '../documents/parse-version.ts'
import type { FourStepOptions, FourStepTarget, Visit } from './types.ts'

/** The secret as one visit sees it. */
export interface SeenSecret {
  readonly arn: string
  readonly currentId: string
  /** When the current version was made. */
  readonly currentSince: Date
  readonly document: RotationDocument
  readonly engine: RotationEngine
  readonly strategy: FourStepStrategy
  /** ARN or name of the admin's secret. */
  readonly masterarn: string | undefined
  /** The user of the version that this rotation makes. */
  readonly nextUsername: string
  readonly facts: StagingFacts
  /** What the version holds, where it fits the current one or is a copy of it. */
  readonly staged: Credential | undefined
  /** What the version holds, where it is a credential at all. */
  readonly stray: Credential | undefined
}

/**
 * Reads the secret: first only what it is, then its values.
 *
 * @returns a decision where the values are not to be looked at
 * @throws ERR_STORE_*, ERR_DOCUMENT_*
 */
export async function seeSecret(
  { secret, options }: FourStepTarget,
  { token, asked }: Pick<Visit, 'token' | 'asked'>,
  call: () => Call,
): Promise<SeenSecret | FourStepDecision> {
  const state = await secret.describe(call())
  const entry = entryFacts(state, token)
  const decision = decideEntry(entry, asked)
  if (decision) return decision
  const current = await secret.version('AWSCURRENT', call())
  if (!current) throw unreadable(secret.secret, 'AWSCURRENT')
  // Another call has promoted it in between.
  if (current.id === token) return ALREADY_CURRENT
  const { document } = parseRotationVersion(current, secret.secret)
  const named = nameUsers(document, options, { secret: secret.secret, version: current.id })
  const version = await (asked === 'restore'
    ? secret.anyVersion(token, call())
    : secret.staged(token, call()))
  const hadItsTime =
    state.labels[token]?.includes('AWSPREVIOUS') === true ||
    (version !== undefined && version.createdAt < current.createdAt)
  // AWSPENDING stays on what was promoted: what came after that is not to be undone unasked.
  const isSpent = asked !== 'restore' && hadItsTime
  return {
    ...{ arn: state.arn, currentId: current.id, currentSince: current.createdAt },
    ...{ ...named, ...stagedFacts(named, { version, isSpent }, entry) },
  }
}

type EntryFacts = Pick<StagingFacts, 'version' | 'rotation' | 'owner'>

function entryFacts({ labels, rotationEnabled, owner }: RotationState, token: string): EntryFacts {
  const own = labels[token]
  const isKnown = own !== undefined
  const label = own?.includes('AWSPENDING') === true ? 'pending' : 'unlabelled'
  return {
    version: own?.includes('AWSCURRENT') === true ? 'current' : isKnown ? label : 'unknown',
    rotation: rotationEnabled === false ? 'off' : 'on',
    ...(owner && { owner: owner.service }),
  }
}

type Named = Pick<SeenSecret, 'document' | 'engine' | 'strategy' | 'masterarn' | 'nextUsername'>

interface Where {
  readonly secret: string
  readonly version: string
}

/** What the secret says wins over what the function was told for all secrets. */
function nameUsers(document: RotationDocument, options: FourStepOptions, where: Where): Named {
  const engine = document.engine ?? options.engine
  if (engine === undefined) throw shape(where, '/engine is missing')
  const masterarn = document.masterarn ?? options.masterarn
  const wished = options.strategy ?? (masterarn === undefined ? 'single-user' : 'alternating')
  const strategy = document.standby === undefined ? wished : 'alternating'
  if (strategy !== 'single-user' && masterarn === undefined)
    throw shape(where, `/masterarn is missing: ${strategy} needs an admin`)
  const { username } = document.current
  const clone = document.standby ?? alternateName(username)
  return {
    ...{ document, engine, strategy, masterarn },
    nextUsername: strategy === 'alternating' ? clone : username,
  }
}

const SUFFIX = '_clone'

/** As AWS's templates name the second user. */
function alternateName(username: string): string {
  return username.endsWith(SUFFIX) ? username.slice(0, -SUFFIX.length) : `${username}${SUFFIX}`
}

interface Staged {
  readonly version: SecretVersion | undefined
  /** It was current before, or is older than what is: it cannot have been made from that. */
  readonly isSpent: boolean
}

function stagedFacts(
  { document, nextUsername }: Named,
  { version, isSpent }: Staged,
  entry: EntryFacts,
): Pick<SeenSecret, 'facts' | 'staged' | 'stray'> {
  const facts = { ...entry, open: document.isOpen, placeholder: document.isPlaceholder }
  if (version === undefined)
    return { facts: { ...facts, staged: 'none' }, staged: undefined, stray: undefined }
  const found = isSpent ? undefined : readSuccessor(document, nextUsername, version.value)
  if (found === 'copy')
    return { facts: { ...facts, staged: 'copy' }, staged: document.current, stray: undefined }
  if (found) return { facts: { ...facts, staged: 'fits' }, staged: found, stray: found }
  return { facts: { ...facts, staged: 'stale' }, staged: undefined, stray: strayIn(version) }
}

function strayIn({ value }: SecretVersion): Credential | undefined {
  try {
    return parseRotationDocument(value).current
  } catch (error) {
    if (error instanceof DocumentError) return undefined
    throw error
  }
}

function shape({ secret, version }: Where, problem: string): RotatorError {
  return new RotatorError('ERR_DOCUMENT_SHAPE', { secret, version, problem })
}

function unreadable(secret: string, version: string): RotatorError {
  const problem = 'it has no value yet'
  return new RotatorError('ERR_STORE_UNREADABLE', { secret, version, problem })
}
