import * as z from 'zod'
import { RotatorError } from '../../errors.ts'
import { ask } from './ask.ts'
import type { Connector } from './connect.ts'
import type { Operation } from './failures.ts'
import type { Reader } from './objects.ts'

/** A patch that may be needed later. */
export interface PatchWish {
  readonly connector: Connector
  /** For messages: `Secret openemr/openemr-db-credentials`. */
  readonly where: string
  readonly group: '' | 'apps'
  readonly resource: 'secrets' | 'deployments'
  readonly namespace: string
  readonly name: string
}

const PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

const REVIEW = z.object({ status: z.object({ allowed: z.boolean() }) })
const readReview: Reader<{ readonly status: { readonly allowed: boolean } }> = (answer) =>
  REVIEW.safeParse(answer).data

/**
 * Asks the API server whether an object may be patched; nothing is. Every account may ask that of
 * itself. What an admission webhook would say is not known before the patch.
 *
 * @throws ERR_KUBERNETES_DENIED that names the patch where it is not allowed; ERR_KUBERNETES_*
 * @see Kubernetes documentation, "Authorization": SelfSubjectAccessReview, system:basic-user
 */
export async function demandPatch(wish: PatchWish, signal: AbortSignal): Promise<void> {
  const { connector, where, group, resource, namespace, name } = wish
  const resourceAttributes = { verb: 'patch', group, resource, namespace, name }
  const { status } = await ask({
    ...{ connector, where, signal, path: PATH, expects: readReview },
    operation: 'create selfsubjectaccessreviews',
    create: {
      ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' },
      spec: { resourceAttributes },
    },
  })
  if (status.allowed) return
  const needs: Operation = `patch ${resource}`
  throw new RotatorError('ERR_KUBERNETES_DENIED', { where, needs, says: '' })
}
