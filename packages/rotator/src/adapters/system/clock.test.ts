import { describe, expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { systemRandom } from './random.ts'

const HOUR = 3_600_000

describe('the clock of this machine', () => {
  test('a sleep ends as soon as it is woken', async () => {
    const wake = new AbortController()
    const slept = systemClock.sleep(HOUR, wake.signal)
    wake.abort('enough')
    await expect(slept).resolves.toBeUndefined()
  })

  test('a sleep that is woken before it begins does not begin', async () => {
    await expect(systemClock.sleep(HOUR, AbortSignal.abort())).resolves.toBeUndefined()
  })

  test('a sleep without a wake ends by itself', async () => {
    await expect(systemClock.sleep(1)).resolves.toBeUndefined()
  })

  test('a sleep leaves no listener on its wake', async () => {
    let listeners = 0
    const wake = new AbortController().signal
    const [add, remove] = [wake.addEventListener, wake.removeEventListener]
    wake.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1
      add.apply(wake, args)
    }
    wake.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1
      remove.apply(wake, args)
    }
    await systemClock.sleep(1, wake)
    expect(listeners).toBe(0)
  })

  test('a deadline aborts its signal', async () => {
    const signal = systemClock.deadline(1)
    await systemClock.sleep(HOUR, signal)
    expect(signal.aborted).toBe(true)
  })
})

describe('the random source of this machine', () => {
  test('gives as many bytes as asked for, and other ones each time', () => {
    const [a, b] = [systemRandom.bytes(32), systemRandom.bytes(32)]
    expect(a).toHaveLength(32)
    expect(a).not.toEqual(b)
    expect(systemRandom.uuid()).not.toBe(systemRandom.uuid())
  })
})
