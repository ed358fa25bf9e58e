import type { RollState, Runtime } from '../../ports/runtime.ts'
import { RotatorError } from '../../errors.ts'
import { forgetOldRolls } from '../common/forget.ts'
import { probe } from './http-probe.ts'
import type { ProbeAnswer } from './http-probe.ts'

/** A page that says whether consumers are well. */
export interface HttpHealthOptions {
  /** Unique in its target; stands in plans and messages. */
  readonly id: string
  /** `https://…` or `http://…`, without a user or password in it. */
  readonly url: string
  /** Statuses that count as well. Default `[200]`. Redirects are not followed: name 302. */
  readonly expect?: readonly number[]
  /** After how many probes the roll counts as failed. Default: as many as `limitMs` allows. */
  readonly attempts?: number
  /** How many good answers in a row are needed. Default 3. */
  readonly successes?: number
  /** Milliseconds between two probes. */
  readonly intervalMs: number
  /** Milliseconds that one probe may take; the roll's limit ends it too. */
  readonly timeoutMs: number
  /** PEM text of a CA that is trusted beside Node's own. */
  readonly ca?: string
  /** Milliseconds after which the roll counts as failed. */
  readonly limitMs: number
}

/** What is known of one roll. */
interface Course {
  readonly begunAt: number
  probes: number
  goodInARow: number
  nextAt: number
  last: string
  verdict?: RollState
}

/**
 * A runtime that judges consumers by a page: `roll` begins the judgement, each `observe` makes the
 * probe that is due and says what came of it. Nothing runs between the calls, so nothing is left
 * when the run ends, and an aborted call ends its probe.
 *
 * A new process answers `due`. Probe a page that logs in to the database: OpenEMR's login page
 * does, its `/meta/health/readyz` answers 200 whatever the database says.
 * @throws ERR_CONFIG at once for a URL that cannot be used; `observe` and `roll` only the reason of
 *   an aborted signal
 */
export function httpHealthRuntime(options: HttpHealthOptions): Runtime {
  const url = checkedUrl(options)
  const courses = new Map<string, Course>()
  return {
    id: options.id,
    limitMs: options.limitMs,
    pollMs: options.intervalMs,
    observe: async (token, { signal }) => {
      signal.throwIfAborted()
      const course = courses.get(token)
      if (!course) return { state: 'due' }
      const now = performance.now()
      if (!course.verdict && now >= course.nextAt) {
        course.nextAt = now + options.intervalMs
        const left = Math.max(1, Math.ceil(course.begunAt + options.limitMs - now))
        const timeoutMs = Math.min(options.timeoutMs, left)
        const { ca } = options
        const answer = await probe({ url, timeoutMs, signal, ...(ca !== undefined && { ca }) })
        note(course, answer, options)
      }
      return judge(course, options)
    },
    health: async ({ signal }) => {
      signal.throwIfAborted()
      const { ca, timeoutMs } = options
      const answer = await probe({ url, timeoutMs, signal, ...(ca !== undefined && { ca }) })
      return { well: isGood(answer, options), why: tell(answer) }
    },
    roll: async (token, { signal }) => {
      signal.throwIfAborted()
      if (!courses.has(token)) courses.set(token, newCourse())
      forgetOldRolls(courses, (course) => course.verdict !== undefined)
    },
  }
}

function newCourse(): Course {
  const now = performance.now()
  return { begunAt: now, probes: 0, goodInARow: 0, nextAt: now, last: 'nothing was asked yet' }
}

function note(course: Course, answer: ProbeAnswer, options: HttpHealthOptions): void {
  course.probes += 1
  course.goodInARow = isGood(answer, options) ? course.goodInARow + 1 : 0
  course.last = tell(answer)
}

function isGood(answer: ProbeAnswer, { expect = [200] }: HttpHealthOptions): boolean {
  return answer.kind === 'status' && expect.includes(answer.status)
}

function tell(answer: ProbeAnswer): string {
  return answer.kind === 'status' ? `status ${answer.status}` : answer.reason
}

function judge(course: Course, options: HttpHealthOptions): RollState {
  const known = course.verdict ?? verdict(course, options)
  if (!known) return { state: 'rolling', why: `${course.last}, ${tally(course, options)}` }
  course.verdict = known
  return known
}

function verdict(course: Course, options: HttpHealthOptions): RollState | undefined {
  const { attempts, limitMs } = options
  if (course.goodInARow >= (options.successes ?? 3)) return { state: 'done' }
  const why = `the last answer was: ${course.last}; ${tally(course, options)}`
  if (attempts !== undefined && course.probes >= attempts)
    return { state: 'failed', why: `not well after ${attempts} attempts: ${why}` }
  if (performance.now() - course.begunAt >= limitMs)
    return { state: 'failed', why: `not well after ${limitMs} ms: ${why}` }
  return undefined
}

function tally(course: Course, { successes = 3 }: HttpHealthOptions): string {
  return `${course.goodInARow} of ${successes} good answers in a row`
}

function checkedUrl({ id, url }: HttpHealthOptions): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed && /^https?:$/.test(parsed.protocol) && parsed.username + parsed.password === '')
    return parsed
  const problem = 'must be an http or https URL without a user or password in it'
  throw new RotatorError('ERR_CONFIG', { file: 'runtime', path: `${id}/url`, problem })
}
