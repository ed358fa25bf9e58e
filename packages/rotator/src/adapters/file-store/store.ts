import { randomUUID } from 'node:crypto'
import { readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Sensitive } from '@cuedot/client/protocol'
import { RotatorError, isRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { SecretStore } from '../../ports/secret-store.ts'
import type { VersionList } from '../../ports/version-list.ts'
import { atomicWrite, errnoOf, exists } from '../common/atomic-write.ts'
import { seal, unseal } from './envelope.ts'
import type { Key } from './envelope.ts'
import { LockHeld, withLock } from './lock.ts'
import {
  addPending,
  encodeVersions,
  firstVersion,
  holderOf,
  moveCurrent,
  parseVersions,
  readingOf,
} from './versions.ts'
import type { Versions } from './versions.ts'

/** One secret in one encrypted file. */
export interface FileStoreOptions {
  /** Symbolic links are followed. */
  readonly path: string
  /** 32 bytes; see `readKeyFile`. Keep it elsewhere than the secrets. */
  readonly key: Key
  /** Part of what is authenticated: the file cannot pass as another secret. Default: file name. */
  readonly secret?: string
}

/** A file store with its defaults filled in. */
interface Store {
  readonly path: string
  readonly key: Key
  readonly secret: string
}

/**
 * A secret in an encrypted file, with the versions, labels and rules of AWS Secrets Manager.
 *
 * AES-256-GCM; every write replaces the whole file in one step, so that a reader or a crash finds
 * the old or the new state. Processes that write take turns by a lock file beside it. The twenty
 * newest versions without a label are kept. Values are limited to 65,536 bytes, as in AWS.
 *
 * @throws as {@link SecretStore}: ERR_STORE_NOT_FOUND (no file), ERR_STORE_KEY (another key),
 *   ERR_STORE_UNREADABLE (damaged, cut off, altered, another secret's), ERR_STORE_DENIED (errno in
 *   `operation`), ERR_STORE_UNREACHABLE (the lock was held until the deadline; `operation` names
 *   its holder) and ERR_TARGET_DISK_FULL. `stage` throws RangeError for a token that is none.
 */
export function fileStore(options: FileStoreOptions): SecretStore {
  const store = withDefaults(options)
  const { secret } = store
  return {
    secret,
    supports: { staleReadMs: 0 },
    read: async (call) => readingOf(await load(store, call)),
    version: async (label, call) => holderOf(await load(store, call), label),
    stage: async (value, token, call) => {
      if (!TOKEN.test(token)) throw new RangeError('a token has 32 to 64 of A-Z, a-z, 0-9 and -')
      return await update(store, call, (versions) => {
        const version = { id: token, value, createdAt: new Date() }
        const added = addPending(versions, version)
        return { versions: added.versions, answer: added.version }
      })
    },
    owner: async () => undefined,
    promote: async (versionId, expectedCurrentId, call) => {
      await update(store, call, (versions) => ({
        versions: moveCurrent(versions, { from: expectedCurrentId, to: versionId }),
        answer: undefined,
      }))
    },
  }
}

/** The versions in the file; their values stay where they are. @throws as {@link fileStore} */
export function fileVersions(options: FileStoreOptions): VersionList {
  const store = withDefaults(options)
  return {
    secret: store.secret,
    list: async (call) => {
      const versions = await load(store, call)
      return versions.list.map(({ id, labels, createdAt }) => ({ id, labels, createdAt }))
    },
  }
}

const TOKEN = /^[A-Za-z0-9-]{32,64}$/

/**
 * Makes the file of a new secret with one version, which is current. Mode 0600.
 * @throws ERR_STORE_CONFLICT when there is a file, ERR_STORE_LIMIT for more than 65,536 bytes, and
 *   as {@link fileStore} when it cannot be written
 */
export async function createFileSecret(
  options: FileStoreOptions,
  value: Sensitive,
  call: Call,
): Promise<void> {
  const store = withDefaults(options)
  const versions = firstVersion(store.secret, value, { id: randomUUID(), createdAt: new Date() })
  await classified({ store, operation: 'create', ...call }, async () => {
    call.signal.throwIfAborted()
    const path = join(await realpath(dirname(store.path)), basename(store.path))
    await withLock(`${path}.lock`, call.signal, async () => {
      if (await exists(path))
        throw new RotatorError('ERR_STORE_CONFLICT', { secret: store.secret, operation: 'create' })
      await save(store, path, versions)
    })
  })
}

function withDefaults({ path, key, secret = basename(path) }: FileStoreOptions): Store {
  return { path, key, secret }
}

async function load(store: Store, { signal }: Call): Promise<Versions> {
  return await classified({ store, operation: 'read', signal }, async () => {
    signal.throwIfAborted()
    return await decode(store, store.path)
  })
}

async function decode({ secret, key }: Store, path: string): Promise<Versions> {
  return parseVersions(unseal(await readFile(path), secret, key), secret)
}

/** Reads, changes and writes, with the lock held; a change that changes nothing is not written. */
async function update<T>(
  store: Store,
  { signal }: Call,
  change: (versions: Versions) => { readonly versions: Versions; readonly answer: T },
): Promise<T> {
  return await classified({ store, operation: 'write', signal }, async () => {
    signal.throwIfAborted()
    const path = await realpath(store.path)
    return await withLock(`${path}.lock`, signal, async () => {
      const before = await decode(store, path)
      const { versions, answer } = change(before)
      signal.throwIfAborted()
      if (versions !== before) await save(store, path, versions)
      return answer
    })
  })
}

async function save({ secret, key }: Store, path: string, versions: Versions): Promise<void> {
  const bytes = seal(encodeVersions(versions), secret, key)
  await atomicWrite(path, bytes, { createMode: 0o600, leftoverMs: 0 })
}

/** What was being done when something failed. */
interface Doing extends Call {
  readonly store: Store
  readonly operation: string
}

async function classified<T>(doing: Doing, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw classify(error, doing)
  }
}

function classify(error: unknown, { store, operation, signal }: Doing): unknown {
  const { secret, path } = store
  if (isRotatorError(error)) {
    if (error.code === 'ERR_TARGET_MISSING')
      return new RotatorError('ERR_STORE_NOT_FOUND', { secret }, { cause: error })
    if (error.code !== 'ERR_TARGET_UNWRITABLE') return error
    return denied(secret, `${operation}: ${error.details.reason}`, error)
  }
  if (error instanceof LockHeld) return unreachable(secret, `${operation}: ${error.message}`)
  if (signal.aborted && error === signal.reason)
    return unreachable(secret, `${operation}: the deadline of the call`)
  const errno = errnoOf(error)
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return new RotatorError('ERR_STORE_NOT_FOUND', { secret }, { cause: error })
  if (errno === 'ENOSPC' || errno === 'EDQUOT')
    return new RotatorError('ERR_TARGET_DISK_FULL', { path }, { cause: error })
  // What is no system error is a bug and stays what it is.
  return errno === 'unknown' ? error : denied(secret, `${operation}: ${errno}`, error)
}

function unreachable(secret: string, operation: string): RotatorError {
  return new RotatorError('ERR_STORE_UNREACHABLE', { secret, operation })
}

function denied(secret: string, operation: string, cause: unknown): RotatorError {
  return new RotatorError('ERR_STORE_DENIED', { secret, operation }, { cause })
}
