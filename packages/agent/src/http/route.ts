import type { Question } from '../store/store.ts'
import { Refusal } from './refusal.ts'

/** What a request asks for. */
export interface Asked {
  readonly question: Question
  /** Past the cache. */
  readonly refreshNow: boolean
}

/** The longest target of a request, in characters: a secret's name has 2,048 bytes at most. */
export const LONGEST_TARGET = 8192

const QUERY_ROUTE = '/secretsmanager/get'

/** The path of a target, without its query. */
export function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? ''
}

/**
 * What a target such as `/secretsmanager/get?secretId=a` or `/v1/a` asks for. Of a parameter that
 * stands twice the last counts. `refreshNow` is true, false, 1 or 0 in any case.
 *
 * @throws Refusal 400 with the words of AWS's agent, 404 for another path, 414
 * @see aws/aws-secretsmanager-agent, README, "Step 3", and `parse.rs`; `server.rs`, get_result
 */
export function routeOf(target: string, pathPrefix: string): Asked {
  if (target.length > LONGEST_TARGET) throw new Refusal(414, 'URI too long')
  const path = pathOf(target)
  const query = new URLSearchParams(target.slice(path.length + 1))
  if (path === QUERY_ROUTE) {
    const asked = askedIn(query, ['secretId'])
    const secretId = query.getAll('secretId').at(-1) ?? ''
    if (secretId === '') throw new Refusal(400, 'missing parameter secretId')
    return { ...asked, question: { ...asked.question, secretId } }
  }
  if (!path.startsWith(pathPrefix)) throw new Refusal(404, 'Not found')
  const secretId = decoded(path.slice(pathPrefix.length))
  if (secretId === '') throw new Refusal(400, 'missing secret ID')
  const asked = askedIn(query, [])
  return { ...asked, question: { ...asked.question, secretId } }
}

function askedIn(query: URLSearchParams, more: readonly string[]): Asked {
  const known = new Set([...more, 'versionId', 'versionStage', 'refreshNow'])
  for (const [name, value] of query) {
    if (name === 'refreshNow') refreshNowIn(value)
    if (!known.has(name)) throw new Refusal(400, `unknown parameter: ${name.slice(0, 100)}`)
  }
  const versionId = query.getAll('versionId').at(-1)
  const versionStage = query.getAll('versionStage').at(-1)
  return {
    question: {
      secretId: '',
      ...(versionId !== undefined && { versionId }),
      ...(versionStage !== undefined && { versionStage }),
    },
    refreshNow: refreshNowIn(query.getAll('refreshNow').at(-1) ?? 'false'),
  }
}

function refreshNowIn(text: string): boolean {
  const value = text.toLowerCase()
  if (value === 'true' || value === '1') return true
  if (value === 'false' || value === '0') return false
  throw new Refusal(400, 'invalid refreshNow value')
}

/** A name of a secret never holds a percent sign. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refusal(400, 'invalid secret ID')
  }
}
