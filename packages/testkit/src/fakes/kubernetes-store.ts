import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'

/** The resources that the fake has. */
export type Resource = 'secrets' | 'deployments' | 'pods' | 'jobs' | 'cronjobs'

/** What every object says of itself. */
export interface Metadata {
  name: string
  namespace: string
  uid: string
  resourceVersion: string
  creationTimestamp: string
  generation?: number
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** An object as it is kept; what else it holds depends on its kind. */
export interface Stored {
  apiVersion: string
  kind: string
  metadata: Metadata
  [part: string]: unknown
}

/** A change that watchers are told of. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly resource: Resource
  readonly object: Stored
}

/** Where an object is. */
export interface Place {
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
}

/** A refusal, as the API server answers it: a Status object. */
export class Refused extends Error {
  readonly code: number
  readonly reason: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: number, reason: string, message: string, details = {}) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = details
  }
}

const KINDS: Readonly<Record<Resource, { apiVersion: string; kind: string }>> = {
  secrets: { apiVersion: 'v1', kind: 'Secret' },
  pods: { apiVersion: 'v1', kind: 'Pod' },
  deployments: { apiVersion: 'apps/v1', kind: 'Deployment' },
  jobs: { apiVersion: 'batch/v1', kind: 'Job' },
  cronjobs: { apiVersion: 'batch/v1', kind: 'CronJob' },
}

/** `apiVersion` and `kind` of a resource. */
export function kindOf(resource: Resource): { apiVersion: string; kind: string } {
  return KINDS[resource]
}

/**
 * The objects of a cluster: one version number for all of them, which every change moves on; a
 * `generation` that only a change of the spec moves on; a change that changes nothing is none.
 * @see Kubernetes API conventions, "Metadata" and "Concurrency Control and Consistency"
 */
export class ObjectStore {
  readonly #objects = new Map<string, Stored>()
  readonly #watchers = new Set<(change: Change) => void>()
  #version = 1

  get version(): string {
    return String(this.#version)
  }

  find(place: Place): Stored | undefined {
    const found = this.#objects.get(keyOf(place))
    return found && structuredClone(found)
  }

  /** @throws a 404 */
  get(place: Place): Stored {
    const found = this.find(place)
    if (found) return found
    const { resource, name } = place
    const details = { name, kind: resource }
    throw new Refused(404, 'NotFound', `${resource} "${name}" not found`, details)
  }

  list(resource: Resource, namespace: string): readonly Stored[] {
    return [...this.#objects]
      .filter(([key]) => key.startsWith(`${resource}/${namespace}/`))
      .map(([, object]) => structuredClone(object))
  }

  /** @throws a 409 when it is there already */
  create(place: Place, object: Readonly<Record<string, unknown>>): Stored {
    const { resource, namespace, name } = place
    if (this.find(place))
      throw new Refused(409, 'AlreadyExists', `${resource} "${name}" already exists`)
    const given = (object['metadata'] ?? {}) as Partial<Metadata>
    const metadata: Metadata = {
      ...given,
      name,
      namespace,
      uid: randomUUID(),
      creationTimestamp: new Date().toISOString(),
      resourceVersion: this.#next(),
      ...(resource === 'secrets' ? {} : { generation: 1 }),
    }
    const stored = structuredClone({ ...object, ...KINDS[resource], metadata })
    this.#objects.set(keyOf(place), stored)
    this.#tell({ type: 'ADDED', resource, object: stored })
    return structuredClone(stored)
  }

  /** Replaces an object by what it is changed to. */
  change(place: Place, change: (object: Stored) => Stored): Stored {
    const before = this.get(place)
    const after = change(structuredClone(before))
    after.metadata = { ...after.metadata, ...fixed(before.metadata) }
    if (isDeepStrictEqual(after, before)) return before
    if (!isDeepStrictEqual(after['spec'], before['spec']))
      after.metadata.generation = (before.metadata.generation ?? 0) + 1
    after.metadata.resourceVersion = this.#next()
    const stored = structuredClone(after)
    this.#objects.set(keyOf(place), stored)
    this.#tell({ type: 'MODIFIED', resource: place.resource, object: stored })
    return structuredClone(stored)
  }

  remove(place: Place): void {
    const object = this.find(place)
    if (!object) return
    this.#objects.delete(keyOf(place))
    object.metadata.resourceVersion = this.#next()
    this.#tell({ type: 'DELETED', resource: place.resource, object })
  }

  /** @returns what ends it */
  watch(watcher: (change: Change) => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  #next(): string {
    this.#version += 1
    return this.version
  }

  #tell(change: Change): void {
    for (const watcher of this.#watchers) watcher(structuredClone(change))
  }
}

/** What nobody but the API server writes. */
function fixed(metadata: Metadata): Partial<Metadata> {
  const { name, namespace, uid, resourceVersion, creationTimestamp, generation } = metadata
  const given = { name, namespace, uid, resourceVersion, creationTimestamp }
  return generation === undefined ? given : { ...given, generation }
}

function keyOf({ resource, namespace, name }: Place): string {
  return `${resource}/${namespace}/${name}`
}
