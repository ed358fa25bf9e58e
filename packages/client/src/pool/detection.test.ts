import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { HeldCredential } from '../credentials/credentials.ts'
import { readCredential } from '../credentials/read-credential.ts'
import { Sensitive } from '../protocol/sensitive.ts'
import { Detection } from './detection.ts'

const NOW = new Date('2026-03-01T12:00:00Z')
const AT_TEN = '2026-03-01T10:00:00Z'
const AT_ELEVEN = '2026-03-01T11:00:00Z'
const HOUR = 3_600

function held(password: string, changedAt?: string, createdAt?: string): HeldCredential {
  const document = { username: 'app', password, host: 'db', changed_at: changedAt }
  const credential = readCredential(new Sensitive(JSON.stringify(document), 'secret'))
  const made = createdAt === undefined ? {} : { createdAt: new Date(createdAt) }
  return { credential, versionId: password, ...made }
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW })
})

afterEach(() => {
  vi.useRealTimers()
})

describe('the time until another credential serves', () => {
  test('begins when its version was made, where the source says so', () => {
    const now = held('canary-2', AT_TEN, AT_ELEVEN)
    expect(new Detection().swapped(now, held('canary-1'))).toBe(HOUR)
  })

  test('begins when its password was made, where only the document says so', () => {
    const detection = new Detection()
    detection.refused()
    expect(detection.swapped(held('canary-2', AT_ELEVEN), held('canary-1', AT_TEN))).toBe(HOUR)
  })

  test('begins with the first refusal where nobody says so', () => {
    const detection = new Detection()
    detection.refused()
    vi.advanceTimersByTime(2_000)
    detection.refused()
    vi.advanceTimersByTime(3_000)
    expect(detection.swapped(held('canary-2'), held('canary-1'))).toBe(5)
  })

  test('begins with the first refusal where it is the credential before', () => {
    const detection = new Detection()
    detection.refused()
    vi.advanceTimersByTime(5_000)
    expect(detection.swapped(held('canary-1', AT_TEN), held('canary-2', AT_ELEVEN))).toBe(5)
  })

  test('is not known where nothing was refused and nobody says when', () => {
    const detection = new Detection()
    detection.refused()
    detection.swapped(held('canary-2'), held('canary-1'))
    expect(detection.swapped(held('canary-3', 'canary'), held('canary-2'))).toBeUndefined()
  })

  test('is none where the same credential serves again', () => {
    const detection = new Detection()
    detection.refused()
    const again = held('canary-1', AT_TEN, AT_ELEVEN)
    expect(detection.swapped(again, held('canary-1'))).toBeUndefined()
  })

  test('is not below zero where the clock of the store is ahead', () => {
    const later = held('canary-2', '2026-03-01T12:00:01Z')
    expect(new Detection().swapped(later, held('canary-1'))).toBe(0)
  })
})
