import { isJson } from './kubernetes-patch.ts'
import { Refused } from './kubernetes-store.ts'
import type { Users } from './kubernetes-users.ts'

const PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

/**
 * Whether the caller may do something: everybody who is known may ask that.
 * @returns the answer; undefined for another question
 * @see Kubernetes API reference, SelfSubjectAccessReview
 */
export function reviewOf(
  users: Users,
  token: string,
  { path, body }: { readonly path: string; readonly body: string },
): object | undefined {
  if (path !== PATH) return undefined
  const review: unknown = JSON.parse(body)
  const spec = isJson(review) && isJson(review['spec']) ? review['spec'] : {}
  const asked = isJson(spec['resourceAttributes']) ? spec['resourceAttributes'] : {}
  const text = (key: string): string => {
    const value = asked[key]
    return typeof value === 'string' ? value : ''
  }
  const subresource = text('subresource')
  const resource = subresource === '' ? text('resource') : `${text('resource')}/${subresource}`
  const wish = { verb: text('verb'), resource, group: text('group') }
  const allowed = may(users, token, { ...wish, namespace: text('namespace'), name: text('name') })
  return {
    ...{ kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata: {} },
    ...{ spec, status: { allowed } },
  }
}

function may(users: Users, token: string, wish: Parameters<Users['check']>[1]): boolean {
  try {
    users.check(token, wish)
    return true
  } catch (error) {
    if (error instanceof Refused && error.code === 403) return false
    throw error
  }
}
