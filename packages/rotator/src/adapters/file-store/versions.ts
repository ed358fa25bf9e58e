import { Sensitive } from '@cuedot/client/protocol'
import { RotatorError } from '../../errors.ts'
import type { SecretVersion, StoreReading } from '../../ports/secret-store.ts'
import { parseJson, unreadable } from './envelope.ts'

/** AWS's staging labels. Each is on at most one version. */
export type Label = 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS'

/** A version with its labels. */
export interface LabelledVersion extends SecretVersion {
  readonly labels: readonly Label[]
}

/** All versions of one secret, the oldest first. */
export interface Versions {
  readonly secret: string
  readonly list: readonly LabelledVersion[]
}

/** Versions without a label that are kept; older ones are dropped. */
const KEPT = 20

/** The largest value, in bytes of UTF-8: what Secrets Manager takes, so that a move there works. */
const MAX_BYTES = 65_536

const LABELS: readonly Label[] = ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS']

/** The versions of a new secret: one, current. @throws ERR_STORE_LIMIT */
export function firstVersion(
  secret: string,
  value: Sensitive,
  made: { readonly id: string; readonly createdAt: Date },
): Versions {
  checkSize(secret, value)
  return { secret, list: [{ ...made, value, labels: ['AWSCURRENT'] }] }
}

/** The labelled versions. @throws ERR_STORE_UNREADABLE when none is current */
export function readingOf(versions: Versions): StoreReading {
  const current = holderOf(versions, 'AWSCURRENT')
  if (!current) throw unreadable(versions.secret, 'no version is current')
  const pending = holderOf(versions, 'AWSPENDING')
  const isDone = pending === undefined || pending.labels.includes('AWSPREVIOUS')
  return isDone || pending.id === current.id ? { current } : { current, pending }
}

/** The version that has the label, if one has. */
export function holderOf({ list }: Versions, label: Label): LabelledVersion | undefined {
  return list.find(({ labels }) => labels.includes(label))
}

/**
 * Adds a version with AWSPENDING; with the token and value of an earlier one, nothing changes and
 * no label moves, as in Secrets Manager.
 * @throws ERR_STORE_CONFLICT for a token that stands for another value, ERR_STORE_LIMIT
 */
export function addPending(
  versions: Versions,
  version: SecretVersion,
): { readonly versions: Versions; readonly version: SecretVersion } {
  const { secret, list } = versions
  checkSize(secret, version.value)
  const earlier = list.find(({ id }) => id === version.id)
  if (earlier?.value.equals(version.value)) return { versions, version: earlier }
  if (earlier) throw new RotatorError('ERR_STORE_CONFLICT', { secret, operation: 'stage' })
  const added = { secret, list: [...list, { ...version, labels: [] }] }
  return { versions: prune(attach(added, 'AWSPENDING', version.id)), version }
}

/**
 * Moves AWSCURRENT from the version that is expected to have it, and AWSPREVIOUS to that one.
 * @throws ERR_STORE_CONFLICT when another version is current, or there is no such version
 */
export function moveCurrent(
  versions: Versions,
  move: { readonly from: string; readonly to: string },
): Versions {
  const { secret, list } = versions
  const current = holderOf(versions, 'AWSCURRENT')?.id
  if (current === move.to) return versions
  if (current !== move.from || !list.some(({ id }) => id === move.to))
    throw new RotatorError('ERR_STORE_CONFLICT', { secret, operation: 'promote' })
  const moved = attach(versions, 'AWSCURRENT', move.to)
  return prune(attach(moved, 'AWSPREVIOUS', move.from))
}

function attach({ secret, list }: Versions, label: Label, id: string): Versions {
  const relabelled = list.map((version) => {
    const others = version.labels.filter((other) => other !== label)
    return { ...version, labels: version.id === id ? [...others, label] : others }
  })
  return { secret, list: relabelled }
}

function prune({ secret, list }: Versions): Versions {
  const unlabelled = list.filter(({ labels }) => labels.length === 0)
  const dropped = new Set(unlabelled.slice(0, Math.max(0, unlabelled.length - KEPT)))
  return { secret, list: list.filter((version) => !dropped.has(version)) }
}

function checkSize(secret: string, value: Sensitive): void {
  if (Buffer.byteLength(value.reveal()) > MAX_BYTES)
    throw new RotatorError('ERR_STORE_LIMIT', { secret, problem: `over ${MAX_BYTES} bytes` })
}

/** The versions as text, for encryption. */
export function encodeVersions({ list }: Versions): string {
  const plain = list.map(({ id, createdAt, labels, value }) => ({
    id,
    createdAt: createdAt.toISOString(),
    labels,
    value: value.reveal(),
  }))
  return JSON.stringify({ versions: plain })
}

/** The versions in decrypted text. @throws ERR_STORE_UNREADABLE */
export function parseVersions(text: string, secret: string): Versions {
  const document = parseJson(text)
  const list = isRecord(document) ? document['versions'] : undefined
  const versions = Array.isArray(list) ? list.map((plain) => parseVersion(plain, secret)) : []
  const known = versions.flatMap((version) => (version ? [version] : []))
  if (known.length === 0 || known.length !== versions.length)
    throw unreadable(secret, 'its versions are not what this release writes')
  return { secret, list: known }
}

function parseVersion(plain: unknown, secret: string): LabelledVersion | undefined {
  if (!isRecord(plain)) return undefined
  const { id, value, createdAt, labels } = plain
  if (typeof id !== 'string' || typeof value !== 'string') return undefined
  if (typeof createdAt !== 'string' || !Array.isArray(labels)) return undefined
  return {
    id,
    value: new Sensitive(value, `version ${id} of ${secret}`),
    createdAt: new Date(createdAt),
    labels: LABELS.filter((label) => labels.includes(label)),
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
