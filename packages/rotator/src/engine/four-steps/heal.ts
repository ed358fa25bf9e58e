import { ROTATION_STEPS } from '../../domain/four-steps.ts'
import type { Asked, RotationStep } from '../../domain/four-steps.ts'
import type { FourStepTarget, VisitEnvironment, VisitResult } from './types.ts'
import { visit } from './visit.ts'

/** Which steps are made for which version, and who asks. */
export interface Round {
  readonly steps: readonly RotationStep[]
  readonly token: string
  readonly asked: Asked
}

/** The steps one after the other, until one is not done. @returns the last result */
export async function makeRound(
  target: FourStepTarget,
  { steps, token, asked }: Round,
  env: VisitEnvironment,
): Promise<VisitResult> {
  const results: VisitResult[] = []
  for (const step of steps) {
    const result = await visit(target, { step, token, asked }, env)
    results.push(result)
    if (result.outcome !== 'done') break
  }
  const last = results.at(-1)
  if (!last) throw new Error('a round has at least one step')
  return {
    ...last,
    effects: results.flatMap(({ effects }) => effects),
    durationMs: results.reduce((sum, { durationMs }) => sum + durationMs, 0),
  }
}

/**
 * Ends a rotation that Secrets Manager has given up: while AWSPENDING is on another version than
 * AWSCURRENT, `RotateSecret` returns an error. What is staged is finished where it fits what the
 * secret holds, and its label taken away where it does not.
 *
 * @see AWS Secrets Manager API reference, RotateSecret
 */
export async function healSecret(
  target: FourStepTarget,
  env: VisitEnvironment,
): Promise<VisitResult> {
  const { labels } = await target.secret.describe({
    signal: env.clock.deadline(target.options.callLimitMs),
  })
  const stuck = Object.entries(labels).find(
    ([, own]) => own.includes('AWSPENDING') && !own.includes('AWSCURRENT'),
  )
  if (!stuck) return NOTHING_STUCK
  const [token] = stuck
  const result = await makeRound(target, { steps: ROTATION_STEPS, token, asked: 'by-hand' }, env)
  return result.code === 'STAGED_RELEASED' ? { ...result, outcome: 'done', todo: '' } : result
}

const NOTHING_STUCK: VisitResult = {
  outcome: 'done',
  what: 'no rotation of this secret is open',
  ...{ state: '', todo: '', effects: [], durationMs: 0 },
}
