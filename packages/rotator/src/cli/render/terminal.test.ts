import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { EventPayload, RotationEvent } from '../../domain/events.ts'
import { TerminalRenderer } from './terminal.ts'

const DRAIN = { step: 'drain', slot: 'A' } as const

/** A terminal of 40 lines that keeps what was drawn. */
class Screen extends Writable {
  readonly isTTY = true
  readonly columns = 120
  readonly rows = 40
  drawn = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.drawn += chunk.toString()
    done()
  }

  get text(): string {
    return stripVTControlCharacters(this.drawn)
  }
}

function show(...payloads: readonly EventPayload[]): {
  screen: Screen
  renderer: TerminalRenderer
} {
  const screen = new Screen()
  const renderer = new TerminalRenderer(screen as unknown as NodeJS.WriteStream)
  for (const payload of payloads) renderer.emit(event(payload))
  return { screen, renderer }
}

function event(payload: EventPayload): RotationEvent {
  return { ...payload, at: '2026-01-02T03:04:05.678Z', target: 'shop' }
}

const STARTED: EventPayload = { code: 'STEP_STARTED', title: 'Wait', why: 'it is due', ...DRAIN }

describe('the terminal', () => {
  test('a step becomes a task that ends with its time', async () => {
    const { screen, renderer } = show(STARTED, {
      code: 'STEP_APPLIED',
      durationMs: 1_250,
      ...DRAIN,
    })
    await renderer.close()
    expect(screen.text).toContain('✔ drain A: Wait [1.2s]\n')
  })

  test('steps that are quicker than the view are shown one after the other', async () => {
    const payloads = (['open', 'set', 'flip'] as const).flatMap((step): EventPayload[] => [
      { code: 'STEP_STARTED', title: step, why: '', step, slot: 'B' },
      { code: 'STEP_APPLIED', durationMs: 1, step, slot: 'B' },
    ])
    const { screen, renderer } = show(...payloads)
    await renderer.close()
    const done = [...screen.text.matchAll(/✔ (\w+) B: \w+ \[1ms\]\n(?!.*\r?\n?✔ \1)/g)]
    expect([...new Set(done.map(([, step]) => step))]).toEqual(['open', 'set', 'flip'])
  })

  test('a step that failed shows why and gets in nobody’s way', async () => {
    const { screen, renderer } = show(STARTED, {
      code: 'STEP_FAILED',
      error: 'ERR_STRAGGLERS',
      message: 'somebody still has sessions',
      ...DRAIN,
    })
    await renderer.close()
    expect(screen.text).toContain('✖ drain A: Wait')
    expect(screen.text).toContain('somebody still has sessions')
  })

  test('a step that turns out to have failed after its end is a line of its own', async () => {
    const { screen, renderer } = show(
      STARTED,
      { code: 'STEP_APPLIED', durationMs: 1_000, ...DRAIN },
      { code: 'STEP_FAILED', error: 'ERR_ROLL_FAILED', message: 'no task starts', ...DRAIN },
    )
    await renderer.close()
    expect(screen.text).toContain('✔ drain A: Wait [1s]')
    expect(screen.text).toContain('drain A: FAILED: no task starts')
  })

  test('what a step waits for, and what a signal leads to, stand under it', async () => {
    const { screen, renderer } = show(STARTED)
    renderer.note('SIGTERM: stopping.')
    renderer.emit(event({ code: 'STEP_WAITING', waitedMs: 1_000, on: 'app', ...DRAIN }))
    await expect.poll(() => screen.text).toContain('SIGTERM: stopping. 1s, waiting for app')
    renderer.emit(event({ code: 'STEP_APPLIED', durationMs: 2_000, ...DRAIN }))
    await renderer.close()
    expect(screen.text).toContain('✔ drain A: Wait [2s]')
  })

  test('what belongs to no step is a line between the tasks', async () => {
    const { screen, renderer } = show(
      { code: 'RETRYING', error: 'ERR_DB_UNREACHABLE', inMs: 400, attempt: 1 },
      { code: 'STORE_SETTLING', waitMs: 5_000 },
    )
    renderer.note('a remark')
    await renderer.close()
    expect(screen.text.split('\n')).toEqual([
      'ERR_DB_UNREACHABLE: trying again in 400ms (1)',
      'waiting 5s until the store shows its latest state',
      'a remark',
      '',
    ])
  })

  test('a run that ends in the middle of a step leaves no task behind', async () => {
    const { screen, renderer } = show(STARTED)
    await renderer.close()
    expect(screen.text).toContain('ended without a result')
  })

  test('signals stay ours', async () => {
    const before = process.listenerCount('SIGINT')
    const { screen, renderer } = show(STARTED)
    await expect.poll(() => screen.text).toContain('drain A')
    expect(process.listenerCount('SIGINT')).toBe(before)
    await renderer.close()
  })
})
