import { Refused } from './kubernetes-store.ts'
import type { Resource, Stored } from './kubernetes-store.ts'

type Json = Readonly<Record<string, unknown>>

/** The two kinds of patch that the fake knows, by content type. */
const STRATEGIES: Readonly<Record<string, boolean>> = {
  'application/merge-patch+json': false,
  'application/strategic-merge-patch+json': true,
}

/** A patch of an object. */
export interface Patch {
  readonly resource: Resource
  readonly contentType: string
  readonly body: unknown
}

/**
 * The object with the patch applied. A version in the patch that is not the object's is a conflict.
 * @see Kubernetes API concepts, "Patch and apply"; RFC 7386; in a strategic merge lists whose items
 *   have names are merged by them
 * @throws 415 for another content type, 400 for another body, 409
 */
export function patched(object: Stored, { resource, contentType, body }: Patch): Stored {
  const isStrategic = STRATEGIES[contentType.split(';')[0]?.trim() ?? '']
  if (isStrategic === undefined) {
    const message = `the body of the request was in an unknown format - ${contentType}`
    throw new Refused(415, 'UnsupportedMediaType', message)
  }
  if (!isJson(body)) throw new Refused(400, 'BadRequest', 'the patch is not an object')
  const metadata = isJson(body['metadata']) ? body['metadata'] : {}
  const version = metadata['resourceVersion']
  if (version !== undefined && version !== object.metadata.resourceVersion)
    throw conflict(resource, object)
  return merged(object, body, isStrategic) as Stored
}

/** The refusal of a change that was made from an older object. */
export function conflict(resource: Resource, { metadata: { name } }: Stored): Refused {
  const message =
    `Operation cannot be fulfilled on ${resource} "${name}": the object has been modified; ` +
    'please apply your changes to the latest version and try again'
  return new Refused(409, 'Conflict', message, { name, kind: resource })
}

function merged(target: unknown, patch: unknown, isStrategic: boolean): unknown {
  if (Array.isArray(patch) && Array.isArray(target) && isStrategic && patch.every(isNamed))
    return mergedByName(target, patch)
  if (!isJson(patch)) return patch
  const result: Record<string, unknown> = isJson(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merged(result[key], value, isStrategic)
  }
  return result
}

function mergedByName(target: readonly unknown[], patch: readonly Named[]): readonly unknown[] {
  const kept = target.map((item) => {
    const change = patch.find(({ name }) => isNamed(item) && item.name === name)
    return change === undefined ? item : merged(item, change, true)
  })
  const added = patch.filter(
    ({ name }) => !target.some((item) => isNamed(item) && item.name === name),
  )
  return [...kept, ...added]
}

interface Named {
  readonly name: string
}

function isNamed(value: unknown): value is Named {
  return isJson(value) && typeof value['name'] === 'string'
}

/** True for a JSON object. */
export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * What an object must be to be stored.
 * @see Kubernetes documentation, "Secrets": immutable Secrets, constraints on names and data
 * @throws 422, and 400 for what is not base64
 */
export function validate(resource: Resource, object: Stored, before?: Stored): void {
  if (resource !== 'secrets') return
  const data = isJson(object['data']) ? object['data'] : {}
  for (const [key, value] of Object.entries(data)) {
    if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key)) throw invalid(object, `data[${key}]`)
    if (typeof value !== 'string' || Buffer.from(value, 'base64').toString('base64') !== value)
      throw new Refused(400, 'BadRequest', 'illegal base64 data in the field data')
  }
  if (before?.['immutable'] !== true) return
  if (JSON.stringify(before['data']) !== JSON.stringify(object['data']))
    throw invalid(object, 'data')
}

function invalid({ kind, metadata: { name } }: Stored, field: string): Refused {
  const message = `${kind} "${name}" is invalid: ${field}: Forbidden`
  const causes = [{ reason: 'FieldValueForbidden', message: 'Forbidden', field }]
  return new Refused(422, 'Invalid', message, { name, kind, causes })
}
