import { describe, expect, test } from 'vitest'
import { stopOnSignals } from './signals.ts'

describe('stopOnSignals', () => {
  test('asks to stop once, repeats only the message, and lets go', () => {
    const told: string[] = []
    const before = process.listenerCount('SIGTERM')
    const stop = stopOnSignals((text) => told.push(text))
    expect(stop.signal.aborted).toBe(false)
    process.emit('SIGTERM', 'SIGTERM')
    process.emit('SIGINT', 'SIGINT')
    expect(stop.signal.reason).toBe('SIGTERM')
    expect(told.map((text) => text.split(':')[0])).toEqual(['SIGTERM', 'SIGINT'])
    stop.release()
    expect(process.listenerCount('SIGTERM')).toBe(before)
  })
})
