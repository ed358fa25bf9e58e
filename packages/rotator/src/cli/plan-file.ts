import { readFile, writeFile } from 'node:fs/promises'
import * as z from 'zod'
import { fingerprint } from '../config/canonical.ts'
import type { Action, StepName } from '../domain/action.ts'
import type { ApprovedPlan, PlanBasis } from '../domain/approval.ts'
import type { Intent } from '../domain/plan.ts'
import { RotatorError } from '../errors.ts'
import { RUNBOOK } from '../steps/runbook.ts'

/** Which intent a command has, and which command an intent belongs to. */
export const INTENTS: Readonly<Record<string, Intent>> = {
  rotate: 'rotate',
  rehearse: 'rehearse',
  heal: 'converge',
  'back-out': 'back-out',
}

/** What a plan file holds: what a person approves, and nothing secret. */
export interface PlanFile {
  readonly kind: 'cuedot-plan'
  readonly version: 1
  readonly target: string
  readonly for: 'rotate' | 'rehearse' | 'heal' | 'back-out'
  readonly actions: readonly Action[]
  /** What the plan rests on: when all of it is the same, the plan is. */
  readonly basis: Omit<PlanBasis, 'target' | 'intent' | 'actions'>
  readonly made: PlanMade
  /** SHA-256 over the canonical JSON of the rest. */
  readonly hash: string
}

/** Who made a plan, when (ISO-8601, UTC), and why. */
export interface PlanMade {
  readonly at: string
  readonly by: string
  readonly reason?: string
}

function fileSchema(): z.ZodType<PlanFile> {
  const text = z.string().max(4_096)
  const texts = z.array(text).max(1_000)
  const step = z.custom<StepName>((value) => typeof value === 'string' && value in RUNBOOK)
  const slot = z.enum(['A', 'B', 'user', 'initial'])
  return z.strictObject({
    kind: z.literal('cuedot-plan'),
    version: z.literal(1),
    target: text,
    for: z.enum(['rotate', 'rehearse', 'heal', 'back-out']),
    actions: z.array(z.strictObject({ step, slot, where: text.exactOptional(), why: text })),
    basis: z.strictObject({
      configuration: text,
      versions: z.strictObject({ current: text, pending: text.exactOptional() }),
      active: z.enum(['A', 'B']).exactOptional(),
      users: texts,
      endpoints: texts,
      configs: texts,
      runtimes: texts,
    }),
    made: z.strictObject({ at: text, by: text, reason: text.exactOptional() }),
    hash: z.string().regex(/^[0-9a-f]{64}$/),
  })
}

/** The plan with the hash over the canonical form of all the rest. */
export function planFile(basis: PlanBasis, command: PlanFile['for'], made: PlanMade): PlanFile {
  const { target, intent: _intent, actions, ...rest } = basis
  const head = { kind: 'cuedot-plan', version: 1, target, for: command } as const
  const plan = { ...head, actions, basis: rest, made }
  return { ...plan, hash: fingerprint(plan) }
}

/** Writes a new file that only its owner may change. @throws ERR_PLAN where there is one already */
export async function writePlan(file: string, plan: PlanFile): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(plan, undefined, 2)}\n`, { flag: 'wx', mode: 0o644 })
  } catch (error) {
    const errno = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const there = 'there is such a file already: give another name'
    const problem = errno === 'EEXIST' ? there : `it cannot be written (${errno})`
    throw new RotatorError('ERR_PLAN', { file, problem })
  }
}

/**
 * Reads a plan and checks that it is what was made.
 * @param approved - the hash that a person approved; undefined to take the file's own
 * @throws ERR_PLAN for what is no plan, was edited, or is another than the approved one
 */
export async function readPlan(
  file: string,
  approved: string | undefined,
): Promise<{ readonly plan: PlanFile; readonly approved: ApprovedPlan }> {
  const plan = parsePlan(file, await readText(file))
  const { hash, ...rest } = plan
  if (fingerprint(rest) !== hash)
    throw problemWith(file, 'it was edited after it was made: its hash is not the hash of the rest')
  if (approved !== undefined && approved.toLowerCase() !== hash)
    throw problemWith(file, `its hash is ${hash}, and ${approved} was approved`)
  const { target, for: command, actions: planned, basis } = plan
  const intent = INTENTS[command] ?? 'rotate'
  return { plan, approved: { target, intent, actions: planned, ...basis, hash } }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const errno = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw problemWith(
      file,
      errno === 'ENOENT' ? 'there is no such file' : `it cannot be read (${errno})`,
    )
  }
}

/** What the file says is not quoted: it may be any file. */
function parsePlan(file: string, content: string): PlanFile {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch {
    throw problemWith(file, 'it is not JSON')
  }
  const parsed = fileSchema().safeParse(value)
  if (parsed.success) return parsed.data
  const at = parsed.error.issues[0]?.path.map(String).join('.') ?? ''
  throw problemWith(file, `it is no plan${at === '' ? '' : `: look at ${at}`}`)
}

function problemWith(file: string, problem: string): RotatorError {
  return new RotatorError('ERR_PLAN', { file, problem })
}
