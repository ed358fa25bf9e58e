import { describe, expect, test } from 'vitest'
import type { EventPayload, RotationEvent } from '../../domain/events.ts'
import { EVENT_CATALOGUE } from '../../domain/events.ts'
import { jsonLinesRenderer } from './json-lines.ts'
import { linesRenderer } from './lines.ts'
import { nameOfStep } from './phrases.ts'

const DRAIN = { step: 'drain', slot: 'A' } as const

const PAYLOADS: readonly EventPayload[] = [
  { code: 'RUN_STARTED', intent: 'rotate', by: 'alice', reason: 'a test' },
  { code: 'STEP_STARTED', title: 'Wait', why: 'it is due', ...DRAIN },
  { code: 'STEP_WAITING', waitedMs: 1_000, on: 'app from 10.0.0.1', ...DRAIN },
  { code: 'STEP_APPLIED', durationMs: 1_250, ...DRAIN },
  { code: 'STEP_FAILED', error: 'ERR_DEADLINE', message: 'too long', ...DRAIN, where: 'web' },
  { code: 'RETRYING', error: 'ERR_DB_UNREACHABLE', inMs: 400, attempt: 2 },
  { code: 'SESSIONS_ENDED', slot: 'A', sessions: 'psql from 10.0.0.9' },
  { code: 'STORE_SETTLING', waitMs: 5_000 },
  { code: 'STOP_REQUESTED', signal: 'SIGTERM' },
  { code: 'WINDOW_FORCED', opensAt: '2026-01-03T01:00:00.000Z' },
  { code: 'AUDIT_FAILED', error: 'ERR_AUDIT', message: 'the disk is full' },
  { code: 'RUN_ENDED', outcome: 'failed', error: 'ERR_DEADLINE', durationMs: 90_000 },
]

function event(payload: EventPayload): RotationEvent {
  return { ...payload, at: '2026-01-02T03:04:05.678Z', target: 'shop' }
}

describe('plain lines', () => {
  test('there is one for each event, with time and target', () => {
    const lines: string[] = []
    const renderer = linesRenderer((line) => lines.push(line))
    for (const payload of PAYLOADS) renderer.emit(event(payload))
    expect(new Set(PAYLOADS.map(({ code }) => code))).toEqual(new Set(Object.keys(EVENT_CATALOGUE)))
    expect(lines.map((line) => line.replace('03:04:05Z shop ', ''))).toEqual([
      'rotate begins, by alice',
      'drain A: Wait (it is due)',
      'drain A: waiting (1s) for app from 10.0.0.1',
      'drain A: done in 1.2s',
      'drain A at web: FAILED: too long',
      'ERR_DB_UNREACHABLE: trying again in 400ms (2)',
      'ending sessions that began with a leaked password: psql from 10.0.0.9',
      'waiting 5s until the store shows its latest state',
      'stopping: SIGTERM',
      'outside of every window, forced; the next opens at 2026-01-03T01:00:00.000Z',
      'NOT RECORDED: the disk is full',
      'ended after 1m 30s: failed (ERR_DEADLINE)',
    ])
  })

  test('a wait is told when it changes and every ten seconds, not at each look', () => {
    const lines: string[] = []
    const renderer = linesRenderer((line) => lines.push(line))
    const waits = [0, 1, 9, 10, 11, 20].map((s) => [s * 1_000, 'x'] as const)
    for (const [waitedMs, on] of [...waits, [20_500, 'y'] as const])
      renderer.emit(event({ code: 'STEP_WAITING', waitedMs, on, ...DRAIN }))
    const told = lines.map((line) => /\((.*)\) for (.)/.exec(line)?.slice(1).join(' '))
    expect(told).toEqual(['0ms x', '10s x', '20s x', '20s y'])
  })

  test('a remark is a line of its own', async () => {
    const lines: string[] = []
    const renderer = linesRenderer((line) => lines.push(line))
    renderer.note('SIGTERM: stopping')
    await renderer.close()
    expect(lines).toEqual(['SIGTERM: stopping'])
  })

  test('the one user of a target has no letter', () => {
    expect(nameOfStep({ step: 'set', slot: 'user' })).toBe('set')
    expect(nameOfStep({ step: 'roll', slot: 'B', where: 'web' })).toBe('roll B at web')
  })
})

describe('JSON lines', () => {
  test('each event is one object on one line, remarks are kept apart', async () => {
    const [lines, remarks]: [string[], string[]] = [[], []]
    const renderer = jsonLinesRenderer(
      (line) => lines.push(line),
      (line) => remarks.push(line),
    )
    for (const payload of PAYLOADS) renderer.emit(event(payload))
    renderer.note('a remark')
    await renderer.close()
    expect(lines.map((line) => JSON.parse(line))).toEqual(PAYLOADS.map(event))
    expect(remarks).toEqual(['a remark'])
  })
})
