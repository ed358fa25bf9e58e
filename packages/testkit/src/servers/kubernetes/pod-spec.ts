import type { KubernetesObject } from '../../conformance/kubernetes-fixture.ts'
import type { Api } from './api.ts'

/** A pod as the API server has it, as far as a node looks into it. */
export interface Pod extends KubernetesObject {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly deletionTimestamp?: string
    /** Seconds. */
    readonly deletionGracePeriodSeconds?: number
  }
  readonly spec: {
    readonly nodeName?: string
    /** `Never`: a container that has ended is not started again. */
    readonly restartPolicy?: string
    readonly containers: readonly [Container]
  }
}

/** One container of a pod. A node here runs the first of them. */
export interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly Variable[]
}

interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly secretKeyRef?: KeyRef
    readonly configMapKeyRef?: KeyRef
    readonly fieldRef?: { readonly fieldPath: string }
  }
}

interface KeyRef {
  readonly name: string
  readonly key: string
  readonly optional?: boolean
}

/** A Secret or a key that the pod names is not there: the container cannot be made. */
export class ConfigMissing extends Error {
  override readonly name = 'ConfigMissing'
}

/**
 * The environment of a container, as its Secrets are now.
 * @throws ConfigMissing
 */
export async function environmentOf(
  { metadata, spec }: Pod,
  ip: string,
  api: Api,
): Promise<Record<string, string>> {
  const fields = new Map([
    ['metadata.name', metadata.name],
    ['metadata.namespace', metadata.namespace],
    ['status.podIP', ip],
  ])
  const base = `/api/v1/namespaces/${metadata.namespace}`
  const valueOf = async ({ name, value, valueFrom }: Variable): Promise<string | undefined> => {
    const { secretKeyRef, configMapKeyRef, fieldRef } = valueFrom ?? {}
    if (secretKeyRef) {
      const text = await keyOf(api, `${base}/secrets`, secretKeyRef)
      return text === undefined ? undefined : Buffer.from(text, 'base64').toString('utf8')
    }
    if (configMapKeyRef) return await keyOf(api, `${base}/configmaps`, configMapKeyRef)
    if (fieldRef === undefined) return value ?? ''
    const field = fields.get(fieldRef.fieldPath)
    if (field === undefined) throw new Error(`${name}: no field ${fieldRef.fieldPath} here`)
    return field
  }
  const environment: Record<string, string> = {}
  for (const variable of spec.containers[0].env ?? []) {
    const value = await valueOf(variable)
    if (value !== undefined) environment[variable.name] = value
  }
  return environment
}

async function keyOf(api: Api, where: string, ref: KeyRef): Promise<string | undefined> {
  const { status, body } = await api.ask({ method: 'GET', path: `${where}/${ref.name}` })
  const data = status === 200 ? (body['data'] as Record<string, string> | undefined) : undefined
  const value = data?.[ref.key]
  if (value !== undefined || ref.optional === true) return value
  throw new ConfigMissing(`couldn't find key ${ref.key} in ${where}/${ref.name}`)
}
