import * as z from 'zod'

// The parts of objects that are read. What is empty or 0 the API server leaves out.
// Source: Kubernetes API reference, Secret v1, Deployment apps/v1, Pod v1.

type Texts = Readonly<Record<string, string>>

/** A Secret. */
export interface Secret {
  readonly metadata: { readonly resourceVersion: string }
  /** In base64. */
  readonly data?: Texts
  readonly immutable?: boolean
  readonly type?: string
}

/** A Deployment. */
export interface Deployment {
  readonly metadata: { readonly resourceVersion: string; readonly generation: number }
  readonly spec: {
    readonly replicas: number
    readonly paused?: boolean
    readonly selector: Selector
    readonly template: { readonly metadata?: { readonly annotations?: Texts } }
  }
  readonly status: {
    readonly observedGeneration: number
    readonly replicas: number
    readonly updatedReplicas: number
    readonly availableReplicas: number
    readonly conditions: readonly Condition[]
  }
}

/** A condition of a Deployment or a pod. */
export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

/** Which pods are a Deployment's. */
export interface Selector {
  readonly matchLabels?: Texts
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

/** A pod. */
export interface Pod {
  readonly metadata: {
    readonly name: string
    readonly annotations?: Texts
    readonly deletionTimestamp?: string
  }
  readonly status?: {
    readonly phase?: string
    readonly reason?: string
    readonly conditions?: readonly Condition[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

/** How a container of a pod is. */
export interface ContainerStatus {
  readonly name?: string
  readonly ready?: boolean
  readonly state?: ContainerState
  readonly lastState?: ContainerState
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string }
  readonly running?: object
  readonly terminated?: { readonly exitCode: number; readonly reason?: string }
}

/** Takes an answer apart; undefined for what is something else. */
export type Reader<T> = (answer: unknown) => T | undefined

const text = z.string().exactOptional()
const texts = z.record(z.string(), z.string()).exactOptional()
const count = z.int().min(0).default(0)

const SECRET = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  data: texts,
  immutable: z.boolean().exactOptional(),
  type: text,
})

const CONDITION = z.object({ type: z.string(), status: z.string(), reason: text, message: text })

const SELECTOR = z.object({
  matchLabels: texts,
  matchExpressions: z
    .array(
      z.object({
        key: z.string(),
        operator: z.string(),
        values: z.array(z.string()).exactOptional(),
      }),
    )
    .exactOptional(),
})

/** One replica where no number is given, as the API server has it. */
const DEPLOYMENT = z.object({
  metadata: z.object({ resourceVersion: z.string(), generation: z.int() }),
  spec: z.object({
    replicas: z.int().min(0).default(1),
    paused: z.boolean().exactOptional(),
    selector: SELECTOR,
    template: z.object({ metadata: z.object({ annotations: texts }).exactOptional() }),
  }),
  status: z
    .object({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      availableReplicas: count,
      conditions: z.array(CONDITION).default([]),
    })
    .prefault({}),
})

const STATE = z
  .object({
    waiting: z.object({ reason: text }).exactOptional(),
    running: z.object({}).exactOptional(),
    terminated: z.object({ exitCode: z.int(), reason: text }).exactOptional(),
  })
  .exactOptional()

const CONTAINERS = z
  .array(
    z.object({ name: text, ready: z.boolean().exactOptional(), state: STATE, lastState: STATE }),
  )
  .exactOptional()

const PODS = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), annotations: texts, deletionTimestamp: text }),
      status: z
        .object({
          phase: text,
          reason: text,
          conditions: z.array(CONDITION).exactOptional(),
          initContainerStatuses: CONTAINERS,
          containerStatuses: CONTAINERS,
        })
        .exactOptional(),
    }),
  ),
})

/** A Secret. */
export const readSecret: Reader<Secret> = (answer) => SECRET.safeParse(answer).data

/** A Deployment. */
export const readDeployment: Reader<Deployment> = (answer) => DEPLOYMENT.safeParse(answer).data

/** The pods of a list. */
export const readPods: Reader<readonly Pod[]> = (answer) => PODS.safeParse(answer).data?.items
