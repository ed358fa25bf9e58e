/** What is sent to the API server and comes back: an object of the Kubernetes API as plain JSON. */
export interface KubernetesObject {
  readonly [key: string]: unknown
}

/** One rule of a Role (rbac.authorization.k8s.io/v1). */
export interface KubernetesRule {
  /** `''` is the core group: Secrets and pods. */
  readonly apiGroups: readonly string[]
  /** With a subresource behind a slash: `deployments/status`. */
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  /** Absent: every name. */
  readonly resourceNames?: readonly string[]
}

/**
 * How pods go that are made from now on; pods that are there stay as they are.
 * - `ready`: the container's process runs, and the pod is Ready as soon as the process has printed
 *   a line that is `ready`. A container without a `command` is Ready at once.
 * - `unready`: it runs and is never Ready.
 * - `image-missing`: no process; the container waits with the reason `ImagePullBackOff`.
 * - `crashing`: no process is left; the container waits with the reason `CrashLoopBackOff`.
 * - `unschedulable`: no node takes it; the condition `PodScheduled` is False with the reason
 *   `Unschedulable`.
 */
export type PodCourse = 'ready' | 'unready' | 'image-missing' | 'crashing' | 'unschedulable'

/** The answer of the API server. */
export interface KubernetesAnswer {
  readonly status: number
  readonly body: KubernetesObject
}

/** One request to the API server. */
export interface KubernetesRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** From `/api` or `/apis` on, with a query where there is one. */
  readonly path: string
  readonly body?: unknown
  /** Default `application/json`; of a PATCH `application/merge-patch+json`. */
  readonly contentType?: string
}

/**
 * An API server with a namespace that is new and one test's own, controllers for Deployments, and a
 * node that runs pods as processes of this machine. The suites over it are the same for the fake
 * and for a real kube-apiserver.
 *
 * What the node does with a pod: starts the first container's `command` and `args` with its `env`
 * (`value`, and `valueFrom.secretKeyRef` as the Secret is then); SIGTERM when the pod is deleted,
 * SIGKILL after `terminationGracePeriodSeconds`; the pod is gone when the process is.
 */
export interface KubernetesFixture extends AsyncDisposable {
  /** As `https://127.0.0.1:6443`. */
  readonly apiUrl: string
  /** PEM file of the CA that the API server's certificate is from. */
  readonly caFile: string
  readonly namespace: string
  /** Asks the API server as an administrator. Answers of every status resolve. */
  admin(request: KubernetesRequest): Promise<KubernetesAnswer>
  /**
   * Makes a user who may do what the rules say in the namespace and nothing else.
   * @returns the path of a kubeconfig (`current-context` is that user; verified TLS)
   */
  userWith(rules: readonly KubernetesRule[]): Promise<string>
  /** Path of a kubeconfig whose token the API server does not know, as one that has expired. */
  strangerConfig(): Promise<string>
  /** How pods go that are made from now on. `ready` at the start. */
  setPods(course: PodCourse): Promise<void>
}

/** Starts a fixture; every test disposes its own. */
export type StartKubernetes = () => Promise<KubernetesFixture>

/** The namespaced objects that cuedot needs named, in the order of docs/kubernetes.md. */
export interface KubernetesNames {
  readonly secret: string
  readonly deployment: string
}

/**
 * The Role of openemr-on-eks: enough to publish and to roll.
 * @see openemr-on-eks, k8s/credential-rotation: Role credential-rotation-role
 */
export function upstreamRules({ secret, deployment }: KubernetesNames): readonly KubernetesRule[] {
  return [
    {
      apiGroups: [''],
      resources: ['secrets'],
      resourceNames: [secret],
      verbs: ['get', 'update', 'patch'],
    },
    {
      apiGroups: ['apps'],
      resources: ['deployments'],
      resourceNames: [deployment],
      verbs: ['get', 'patch'],
    },
    {
      apiGroups: ['apps'],
      resources: ['deployments/status'],
      resourceNames: [deployment],
      verbs: ['get'],
    },
  ]
}

/** What a Role adds so that a roll which hangs or fails can say what its pods say. */
export const PODS_RULE: KubernetesRule = { apiGroups: [''], resources: ['pods'], verbs: ['list'] }
