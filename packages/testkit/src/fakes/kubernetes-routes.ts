import { Refused } from './kubernetes-store.ts'
import type { Resource } from './kubernetes-store.ts'
import type { Wish } from './kubernetes-users.ts'

/** A request for objects of a namespace. */
export interface Route extends Wish {
  readonly kind: Resource
  readonly subresource: string
  readonly query: URLSearchParams
}

const GROUPS: Readonly<Record<Resource, string>> = {
  ...{ secrets: '', pods: '' },
  ...{ deployments: 'apps', jobs: 'batch', cronjobs: 'batch' },
}

/** As `/api/v1/namespaces/NS/secrets`, `/apis/apps/v1/namespaces/NS/deployments/NAME/status`. */
const PATH =
  /^\/(?:api|apis\/(apps|batch))\/v1\/namespaces\/([^/]+)\/([a-z]+)(?:\/([^/]+)(?:\/([a-z]+))?)?$/

/** @throws 404 for whatever the fake does not have, 405 for a method that makes no sense */
export function routeOf(method: string, url: URL): Route {
  const [, group = '', namespace = '', kind = '', name = '', subresource = ''] =
    PATH.exec(url.pathname) ?? []
  const isKnown = isResource(kind) && GROUPS[kind] === group && isSubresource(kind, subresource)
  if (!isKnown)
    throw new Refused(404, 'NotFound', 'the server could not find the requested resource')
  const query = url.searchParams
  const resource = subresource === '' ? kind : `${kind}/${subresource}`
  const verb = verbOf(method, name, query)
  return { kind, subresource, query, verb, resource, group, namespace, name }
}

function isResource(text: string): text is Resource {
  return Object.hasOwn(GROUPS, text)
}

function isSubresource(kind: Resource, subresource: string): boolean {
  const known = kind === 'deployments' ? 'status' : kind === 'pods' ? 'log' : ''
  return subresource === '' || subresource === known
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  if (method === 'GET' && name === '') return query.get('watch') ? 'watch' : 'list'
  const verbs: Readonly<Record<string, string>> =
    name === ''
      ? { POST: 'create' }
      : { GET: 'get', PATCH: 'patch', PUT: 'update', DELETE: 'delete' }
  const verb = verbs[method]
  if (verb !== undefined) return verb
  throw new Refused(405, 'MethodNotAllowed', 'the server does not allow this method')
}

const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']

function listed(name: string, kind: string): object {
  return { name, singularName: kind.toLowerCase(), namespaced: true, kind, verbs: VERBS }
}

/** What clients ask first: which groups, versions and resources there are. */
const DISCOVERY: Readonly<Record<string, object>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [listed('secrets', 'Secret'), listed('pods', 'Pod')],
  },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [
      {
        name: 'apps',
        versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
        preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
      },
    ],
  },
  '/apis/apps/v1': {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'apps/v1',
    resources: [
      listed('deployments', 'Deployment'),
      { ...listed('deployments/status', 'Deployment'), verbs: ['get'] },
    ],
  },
  '/version': { major: '1', minor: '32', gitVersion: 'v1.32.0-fake' },
}

/** The answer to a question of discovery. */
export function discover(path: string): object | undefined {
  return DISCOVERY[path]
}

/** True for an object that a list's selectors choose: `a=b`, `a!=b`, `a in (b,c)`, `a`, `!a`. */
export function isChosen(
  object: { readonly metadata: { name: string; labels?: Readonly<Record<string, string>> } },
  query: URLSearchParams,
): boolean {
  const { name, labels = {} } = object.metadata
  const field = /^metadata\.name=(.+)$/.exec(query.get('fieldSelector') ?? '')?.[1]
  if (field !== undefined && field !== name) return false
  const terms = (query.get('labelSelector') ?? '').match(/(?:[^,(]|\([^)]*\))+/g) ?? []
  return terms.every((term) => holds(term.trim(), labels))
}

function holds(term: string, labels: Readonly<Record<string, string>>): boolean {
  const set = /^(\S+) (in|notin) \(([^)]*)\)$/.exec(term)
  if (set) {
    const [, key = '', operator, values = ''] = set
    return values.split(',').includes(labels[key] ?? '') === (operator === 'in')
  }
  const [, key = '', operator, value] = /^([^=!]+)(!=|==?)(.*)$/.exec(term) ?? []
  if (operator === '!=') return labels[key] !== value
  if (operator !== undefined) return labels[key] === value
  return term.startsWith('!') ? !(term.slice(1) in labels) : term in labels
}
