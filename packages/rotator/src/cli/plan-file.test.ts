import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { PlanBasis } from '../domain/approval.ts'
import { planFile, readPlan, writePlan } from './plan-file.ts'

const BASIS: PlanBasis = {
  target: 'app',
  intent: 'back-out',
  configuration: '',
  versions: { current: 'v1' },
  active: 'B',
  users: ['app_a', 'app_b'],
  endpoints: ['db.example:3306'],
  configs: ['sqlconf: B'],
  runtimes: ['web'],
  actions: [
    { step: 'turn', slot: 'initial', why: 'asked to back out' },
    { step: 'publish', slot: 'initial', where: 'sqlconf', why: 'it holds B' },
    { step: 'undo', slot: 'B', why: 'everyone is back' },
  ],
}

describe('a plan file', () => {
  test('comes back as it was written, whoever its actions are about', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cuedot-plan-'))
    onTestFinished(() => rm(dir, { recursive: true, force: true }))
    const file = join(dir, 'app.plan')
    const plan = planFile(BASIS, 'back-out', { at: '2026-01-01T00:00:00Z', by: 'ops' })
    await writePlan(file, plan)
    const read = await readPlan(file, plan.hash)
    expect(read.plan).toEqual(plan)
    expect(read.approved).toEqual({ ...BASIS, hash: plan.hash })
  })
})
