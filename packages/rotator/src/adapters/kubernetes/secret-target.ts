import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { RotatorError, isRotatorError } from '../../errors.ts'
import type { ConfigTarget, PublishedCredential } from '../../ports/config-target.ts'
import { fieldsOf, parsePort, wanted } from '../common/credential-fields.ts'
import type { Field, Mapping } from '../common/credential-fields.ts'
import { ask } from './ask.ts'
import { connector } from './connect.ts'
import type { ClusterOptions, Connector } from './connect.ts'
import type { Operation } from './failures.ts'
import { readSecret } from './objects.ts'
import { demandPatch } from './permissions.ts'
import type { Secret as SecretObject } from './objects.ts'

/** Which Secret and which of its keys hold the credential. */
export interface SecretTargetOptions extends ClusterOptions {
  /** Unique in its target; stands in plans and messages. */
  readonly id: string
  readonly namespace: string
  readonly name: string
  /** Keys of `data`, 1 to 253 of `[-._a-zA-Z0-9]`. Each of them must be there. */
  readonly keys: Mapping
  /** What its `type` must be, as `Opaque`. Default: it does not matter. */
  readonly type?: string
}

/** How often a write begins anew because somebody else changed something of the Secret. */
const MOST_CONFLICTS = 5

/**
 * A Secret as a config target: the values of the mapped keys are replaced by a strategic merge
 * patch that holds the version that was read, so an edit in between is a conflict and not lost.
 * After a conflict everything is read and decided again.
 *
 * Pods that mount the Secret see the new values within a minute or two; pods that have it in their
 * environment only after a restart.
 * @see Kubernetes documentation, "Secrets": immutable Secrets, restrictions on names and data
 * @throws ERR_TARGET_MISSING, ERR_TARGET_INCOMPLETE (names the key), ERR_TARGET_UNPARSABLE,
 *   ERR_TARGET_UNWRITABLE (immutable), ERR_TARGET_CHANGED (somebody else wrote a credential),
 *   ERR_KUBERNETES_*, ERR_OUTCOME_UNKNOWN; ERR_CONFIG at once for keys that cannot be
 */
export function secretTarget(options: SecretTargetOptions): ConfigTarget {
  const secret = new Secret(options)
  return {
    id: options.id,
    read: async ({ signal }) => published(await secret.read(signal), secret),
    write: (credential, { signal }) => secret.write(credential, signal),
    inspect: ({ signal }) => secret.inspect(signal),
  }
}

/** The texts under the mapped keys, and what a write must know. */
interface Held {
  readonly values: ReadonlyMap<Field, string>
  readonly version: string
  readonly isImmutable: boolean
}

class Secret {
  readonly where: string
  readonly #options: SecretTargetOptions
  readonly #fields: ReadonlyMap<Field, string>
  readonly #connector: Connector

  constructor(options: SecretTargetOptions) {
    this.where = `Secret ${options.namespace}/${options.name}`
    this.#options = options
    const isValid = (key: string): boolean => /^[-._a-zA-Z0-9]{1,253}$/.test(key)
    this.#fields = fieldsOf(options.keys, { file: this.where, isValid })
    this.#connector = connector(options)
  }

  async read(signal: AbortSignal): Promise<Held> {
    return this.#held(await ask(this.#question('get secrets', signal)))
  }

  async write(credential: Credential, signal: AbortSignal): Promise<void> {
    const before = await this.read(signal)
    let now = before
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts += 1) {
      const changes = this.#changes(now, wanted(credential))
      if (changes.length === 0) return
      // Somebody else's credential is not overwritten: who that is must be looked at first.
      if (!sameValues(now, before)) break
      if (now.isImmutable) throw this.#unwritable('it is immutable')
      if (await this.#patch(changes, now.version, signal)) return
      now = await this.read(signal)
    }
    throw new RotatorError('ERR_TARGET_CHANGED', { path: this.where })
  }

  async inspect(signal: AbortSignal): Promise<void> {
    if ((await this.read(signal)).isImmutable) throw this.#unwritable('it is immutable')
    const { namespace, name } = this.#options
    const wish = { connector: this.#connector, where: this.where, namespace, name }
    await demandPatch({ ...wish, group: '', resource: 'secrets' }, signal)
  }

  /** @returns false when the Secret is not at that version any more. */
  async #patch(changes: Changes, resourceVersion: string, signal: AbortSignal): Promise<boolean> {
    const patch = { metadata: { resourceVersion }, data: Object.fromEntries(changes) }
    try {
      await ask({ ...this.#question('patch secrets', signal), patch })
      return true
    } catch (error) {
      if (isRotatorError(error) && error.code === 'ERR_KUBERNETES_CONFLICT') return false
      throw error
    }
  }

  #question(operation: Operation, signal: AbortSignal) {
    const { namespace, name } = this.#options
    const path = `/api/v1/namespaces/${namespace}/secrets/${name}`
    const { where } = this
    return { connector: this.#connector, where, operation, signal, path, expects: readSecret }
  }

  #held({ data = {}, metadata, immutable = false, type = '' }: SecretObject): Held {
    const expected = this.#options.type
    if (expected !== undefined && type !== expected)
      throw this.unparsable(`its type is ${type}, not ${expected}`)
    const values = new Map<Field, string>()
    for (const [field, key] of this.#fields) values.set(field, this.#decode(key, data[key]))
    return { values, version: metadata.resourceVersion, isImmutable: immutable }
  }

  #decode(key: string, base64: string | undefined): string {
    if (base64 === undefined)
      throw new RotatorError('ERR_TARGET_INCOMPLETE', { path: this.where, what: `key ${key}` })
    const bytes = Buffer.from(base64, 'base64')
    const text = bytes.toString('utf8')
    if (Buffer.from(text, 'utf8').equals(bytes)) return text
    throw this.unparsable(`what key ${key} holds is not UTF-8`)
  }

  #changes(held: Held, values: ReadonlyMap<Field, string>): Changes {
    return [...this.#fields].flatMap(([field, key]) => {
      const value = values.get(field)
      if (value === undefined || value === held.values.get(field)) return []
      if (!value.isWellFormed())
        throw this.unparsable(`the new value of key ${key} cannot be written as UTF-8`)
      return [[key, Buffer.from(value, 'utf8').toString('base64')] as const]
    })
  }

  unparsable(problem: string): RotatorError {
    return new RotatorError('ERR_TARGET_UNPARSABLE', { path: this.where, problem })
  }

  #unwritable(reason: string): RotatorError {
    return new RotatorError('ERR_TARGET_UNWRITABLE', { path: this.where, reason })
  }
}

/** Keys with their new values in base64. */
type Changes = readonly (readonly [string, string])[]

function sameValues(one: Held, other: Held): boolean {
  return [...one.values].every(([field, value]) => other.values.get(field) === value)
}

function published({ values }: Held, secret: Secret): PublishedCredential {
  const host = values.get('host')
  const dbname = values.get('dbname')
  const version = values.get('version')
  const port = parsePort(values.get('port'))
  if (port === 'none')
    throw secret.unparsable('what the key of the port holds is not a port, 1 to 65535')
  return {
    username: values.get('username') ?? '',
    password: new Sensitive(values.get('password') ?? '', `password in ${secret.where}`),
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    ...(dbname !== undefined && { dbname }),
    ...(version !== undefined && { version }),
  }
}
