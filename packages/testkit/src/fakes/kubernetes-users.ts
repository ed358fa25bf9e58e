import { randomUUID } from 'node:crypto'
import type { KubernetesRule } from '../conformance/kubernetes-fixture.ts'
import { Refused } from './kubernetes-store.ts'

/** What somebody wants to do. */
export interface Wish {
  readonly verb: string
  /** With a subresource behind a slash. */
  readonly resource: string
  readonly group: string
  readonly namespace: string
  /** Empty for a list. */
  readonly name: string
}

interface User {
  readonly name: string
  /** Absent: everything. */
  readonly rules?: readonly KubernetesRule[]
  readonly namespace: string
}

/** The bearer tokens that the API server knows, and what they may do. */
export class Users {
  readonly #byToken = new Map<string, User>()
  /** May do everything. */
  readonly admin: string = this.add('admin', '')

  /** @returns the token of a user who may do what the rules say in the namespace */
  add(name: string, namespace: string, rules?: readonly KubernetesRule[]): string {
    const token = `token-${randomUUID()}`
    this.#byToken.set(token, { name, namespace, ...(rules && { rules }) })
    return token
  }

  /** Makes a token unknown, as one that has expired. */
  revoke(token: string): void {
    this.#byToken.delete(token)
  }

  /** @throws 401 for an unknown token */
  who(authorization: string | undefined): string {
    const token = authorization?.replace(/^Bearer /, '') ?? ''
    if (this.#byToken.has(token)) return token
    throw new Refused(401, 'Unauthorized', 'Unauthorized')
  }

  /**
   * @see Kubernetes documentation, "Using RBAC Authorization": a list is not granted by a rule with
   *   names
   * @throws 403 that says what is missing, in the words of the API server
   */
  check(token: string, wish: Wish): void {
    const user = this.#byToken.get(token)
    if (user === undefined) throw new Refused(401, 'Unauthorized', 'Unauthorized')
    if (user.rules === undefined) return
    const isHere = user.namespace === wish.namespace
    if (isHere && user.rules.some((rule) => grants(rule, wish))) return
    const { verb, resource, group, namespace, name } = wish
    const message =
      `${resource}${name === '' ? '' : ` "${name}"`} is forbidden: User "${user.name}" cannot ` +
      `${verb} resource "${resource}" in API group "${group}" in the namespace "${namespace}"`
    const details = { kind: resource, group, ...(name !== '' && { name }) }
    throw new Refused(403, 'Forbidden', message, details)
  }
}

function grants(rule: KubernetesRule, { verb, resource, group, name }: Wish): boolean {
  const has = (values: readonly string[], value: string): boolean =>
    values.includes(value) || values.includes('*')
  return (
    has(rule.verbs, verb) &&
    has(rule.resources, resource) &&
    has(rule.apiGroups, group) &&
    (rule.resourceNames === undefined || rule.resourceNames.includes(name))
  )
}
