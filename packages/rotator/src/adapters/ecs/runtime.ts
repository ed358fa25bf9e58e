import type { Service } from '@aws-sdk/client-ecs'
import { isRotatorError } from '../../errors.ts'
import type { RollState, Runtime } from '../../ports/runtime.ts'
import { forgetOldRolls } from '../common/forget.ts'
import { followed, judge, primaryOf } from './judge.ts'
import type { Followed } from './judge.ts'
import { demandFit, ecsService } from './service.ts'
import type { EcsService, EcsServiceOptions } from './service.ts'

/** A service that is rolled, and how patient to be. */
export interface EcsRuntimeOptions extends EcsServiceOptions {
  /** Unique in its target; stands in plans and messages. */
  readonly id: string
  /** Milliseconds after which the roll counts as failed. */
  readonly limitMs: number
  /** Longest time between two looks, in milliseconds. */
  readonly pollMs: number
  /**
   * For how long what ECS shows may lag behind what it was told, in milliseconds. Default 60,000:
   * AWS names no bound.
   * @see Amazon ECS API reference, UpdateService: "eventual consistency model"
   */
  readonly doubtMs?: number
}

const DOUBT_MS = 60_000

/** As `doubtMs`, for a deployment that ECS has shown before: it has gone, or a read was stale. */
const GONE_MS = 10_000

/** What is known of one roll. Times are of a clock that only goes forward. */
interface Roll {
  readonly begunAt: number
  /** The deployment that was PRIMARY before; its successor is ours where the answer was lost. */
  readonly before?: Followed | undefined
  ours?: Followed
  /** What UpdateService has answered of it. */
  told?: RollState
  /** ECS has shown it. */
  seen?: boolean
  /** Since when ECS has shown no trace of it. */
  absentSince?: number
  verdict?: RollState
}

/**
 * An ECS service as a runtime: a roll is one deployment that is forced, and it is judged by the id
 * of that deployment.
 *
 * A new process knows the rolls that it is told of (`recall`); of others it answers `due`, because
 * nothing that ECS shows tells whether a deployment began before or after a credential was
 * published. An answer of `UpdateService` that was lost is looked for: the deployment is the one
 * that has taken the place of the one before. It is asked for again only when none has appeared
 * for `doubtMs`.
 *
 * @throws ERR_ECS_*, ERR_CONFIG when no region is set anywhere
 */
export function ecsRuntime(options: EcsRuntimeOptions): Runtime {
  const service = ecsService(options)
  const rolls = new Map<string, Promise<Roll>>()
  const { id, limitMs, pollMs } = options
  return {
    id,
    limitMs,
    pollMs,
    observe: async (token, { signal }) => {
      signal.throwIfAborted()
      const roll = await rolls.get(token)?.catch(() => undefined)
      if (!roll) return { state: 'due' }
      if (roll.verdict) return roll.verdict
      const state = look(roll, await service.describe(signal), options)
      if (state.state === 'due') rolls.delete(token)
      if (state.state === 'done' || state.state === 'failed') roll.verdict = state
      return state
    },
    recall: (token, receipt) => {
      const ours = parseReceipt(receipt)
      if (rolls.has(token) || ours === undefined) return
      rolls.set(token, Promise.resolve({ begunAt: performance.now(), ours }))
    },
    inspect: async ({ signal }) => {
      const found = await service.describe(signal)
      demandFit(found, options)
      return `${found.runningCount ?? 0} of ${found.desiredCount ?? 0} tasks run`
    },
    roll: async (token, { signal }) => {
      signal.throwIfAborted()
      const begun = rolls.get(token) ?? begin(service, options, signal)
      rolls.set(token, begun)
      let roll: Roll
      try {
        roll = await begun
      } catch (error) {
        if (rolls.get(token) === begun) rolls.delete(token)
        throw error
      }
      await forgetOver(rolls)
      const { told } = roll
      delete roll.told
      return told
    },
  }
}

async function begin(
  service: EcsService,
  options: EcsRuntimeOptions,
  signal: AbortSignal,
): Promise<Roll> {
  const found = await service.describe(signal)
  demandFit(found, options)
  const roll: Roll = { begunAt: performance.now(), before: followed(primaryOf(found)) }
  const answer = await redeploy(service, signal)
  if (answer) adopt(roll, answer)
  if (!answer || !roll.ours) return roll
  const told = judge(answer, roll.ours)
  // What ends a roll is believed of ECS itself, not of the answer that began it.
  if (told.state === 'rolling') roll.told = { ...told, receipt: receiptOf(roll.ours) }
  return roll
}

/** Nothing comes back where an answer may have been lost: then what ECS shows has to tell. */
async function redeploy(service: EcsService, signal: AbortSignal): Promise<Service | undefined> {
  try {
    return await service.redeploy(signal)
  } catch (error) {
    const isLost = isRotatorError(error) && error.code === 'ERR_OUTCOME_UNKNOWN'
    if (isLost || signal.aborted) return undefined
    throw error
  }
}

/** The PRIMARY deployment is the roll's if it came after the one before. */
function adopt(roll: Roll, service: Service): void {
  const primary = followed(primaryOf(service))
  const { before } = roll
  if (primary === undefined || primary.id === before?.id) return
  if (before === undefined || primary.createdAt >= before.createdAt) roll.ours = primary
}

function look(roll: Roll, service: Service, options: EcsRuntimeOptions): RollState {
  const now = performance.now()
  const { doubtMs = DOUBT_MS, limitMs } = options
  if (!roll.ours) adopt(roll, service)
  if (!roll.ours) {
    if (now - roll.begunAt >= doubtMs) return { state: 'due' }
    return { state: 'rolling', why: 'the answer of UpdateService was lost; looking for its effect' }
  }
  const receipt = receiptOf(roll.ours)
  const judged = judge(service, roll.ours)
  if (judged.state === 'absent') {
    roll.absentSince ??= now
    const patienceMs = roll.seen === true ? Math.min(GONE_MS, doubtMs) : doubtMs
    if (now - roll.absentSince >= patienceMs) return { state: 'failed', why: judged.why }
  } else {
    delete roll.absentSince
    roll.seen = true
  }
  if (judged.state === 'done' || judged.state === 'failed') return judged
  const { why = '' } = judged
  if (now - roll.begunAt >= limitMs)
    return { state: 'failed', why: `not done after ${limitMs} ms: ${why}` }
  return { state: 'rolling', why, receipt }
}

function receiptOf({ id, createdAt }: Followed): string {
  return `${id} ${createdAt.toISOString()}`
}

function parseReceipt(receipt: string): Followed | undefined {
  const [id = '', at = ''] = receipt.split(' ')
  const createdAt = new Date(at)
  return id === '' || Number.isNaN(createdAt.getTime()) ? undefined : { id, createdAt }
}

async function forgetOver(rolls: Map<string, Promise<Roll>>): Promise<void> {
  const known = new Map<string, Roll>()
  for (const [token, begun] of rolls) {
    const roll = await begun.catch(() => undefined)
    if (roll) known.set(token, roll)
  }
  const before = [...known.keys()]
  forgetOldRolls(known, ({ verdict }) => verdict !== undefined)
  for (const token of before) if (!known.has(token)) rolls.delete(token)
}
