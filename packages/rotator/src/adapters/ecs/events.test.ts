import { describe, expect, test } from 'vitest'
import { newestEvents, oneLine } from './events.ts'

const at = (second: number): Date => new Date(1_700_000_000_000 + second * 1_000)
const event = (second: number): { createdAt: Date; message: string } => ({
  createdAt: at(second),
  message: `at ${second}`,
})

describe('the events of a service', () => {
  test('from before the roll are not told', () => {
    expect(newestEvents([event(1), event(2), event(3)], at(2))).toEqual(['at 3', 'at 2'])
  })

  test('are told newest first, three at most, in whatever order they come', () => {
    const events = [event(3), event(1), event(4), event(2)]
    expect(newestEvents(events, at(0))).toEqual(['at 4', 'at 3', 'at 2'])
  })

  test('without a time or a text are not told', () => {
    const events = [{ message: 'when?' }, { createdAt: at(3) }]
    expect(newestEvents(events, at(0))).toEqual([])
    expect(newestEvents(undefined, at(0))).toEqual([])
  })

  test('stay on one line of 300 characters', () => {
    expect(oneLine(' a\r\n\tb\u0000\u2028c\u200b ')).toBe('a b c')
    expect(oneLine('x'.repeat(300))).toBe('x'.repeat(300))
    expect(oneLine('x'.repeat(301))).toBe(`${'x'.repeat(299)}…`)
  })
})
