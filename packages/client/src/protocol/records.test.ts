import { describe, expect, test } from 'vitest'
import { parseRotation } from './records.ts'

const RECORD = { id: 'r', from: 'A', to: 'B', reason: '', by: '', opened_at: '' }

describe('the rolls in the record of a rotation', () => {
  test('are read by runtime', () => {
    const rolls = { web: 'ecs-svc/1 2026-01-02T03:04:05.678Z' }
    expect(parseRotation({ ...RECORD, rolls })).toEqual({ ...RECORD, rolls })
  })

  test.each([{}, [], 'ecs-svc/1', null, 1, { web: 1, job: {} }])('%j is none', (rolls) => {
    expect(parseRotation({ ...RECORD, rolls })).toEqual(RECORD)
  })
})
