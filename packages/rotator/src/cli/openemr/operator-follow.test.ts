import { describe, expect, test } from 'vitest'
import { RotatorError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Launch, LaunchState } from '../../ports/launcher.ts'
import { follow } from './operator-follow.ts'
import type { Followed } from './operator-follow.ts'

const UNREACHABLE = new RotatorError('ERR_ECS_UNREACHABLE', { service: 's', action: 'a' })
const DENIED = new RotatorError('ERR_ECS_DENIED', { service: 's', action: 'a', problem: 'p' })
const RUNNING: LaunchState = { state: 'running' }
const OVER: LaunchState = { state: 'ended', exitCode: 0 }

/** Time passes only where somebody sleeps. */
function clockAt(at: { ms: number }): Clock {
  return {
    now: () => new Date(at.ms),
    sleep: async (ms) => void (at.ms += ms),
    deadline: () => new AbortController().signal,
  }
}

interface Course {
  /** By milliseconds since the start. */
  readonly look: (ms: number) => LaunchState | RotatorError
  readonly log?: (ms: number) => readonly string[] | RotatorError
  readonly limitMs?: number
  readonly logLagMs?: number
  readonly stop?: AbortSignal
}

interface Seen {
  readonly followed: Followed
  readonly lines: readonly string[]
  readonly notes: readonly string[]
  readonly ms: number
}

async function followed(course: Course): Promise<Seen> {
  const at = { ms: 0 }
  const [lines, notes]: [string[], string[]] = [[], []]
  const told = async <T>(what: T | RotatorError): Promise<T> => {
    if (what instanceof RotatorError) throw what
    return what
  }
  const launch: Launch = {
    ...{ name: 'task c/1', logCommand: 'aws logs tail', logLagMs: course.logLagMs ?? 0 },
    look: async () => await told(course.look(at.ms)),
    readLog: async () => await told(course.log?.(at.ms) ?? []),
  }
  const result = await follow(launch, {
    clock: clockAt(at),
    limitMs: course.limitMs ?? 3_600_000,
    stop: course.stop ?? new AbortController().signal,
    show: (line) => {
      lines.push(line)
      return line === 'last'
    },
    note: (text) => void notes.push(text),
  })
  return { followed: result, lines, notes, ms: at.ms }
}

describe('following a launch', () => {
  test('looks soon at first and every 5 s later', async () => {
    const looks: number[] = []
    const look = (ms: number): LaunchState => {
      looks.push(ms)
      return ms < 120_000 ? RUNNING : OVER
    }
    await followed({ look })
    const gaps = looks.slice(1).map((ms, at) => ms - (looks[at] ?? 0))
    expect(gaps[0]).toBe(500)
    expect(Math.max(...gaps)).toBe(5_000)
    expect(gaps.at(-1)).toBe(5_000)
  })

  test('bears two minutes in which nobody answers, and then lets go', async () => {
    const back = (ms: number): LaunchState | RotatorError => (ms < 100_000 ? UNREACHABLE : OVER)
    expect((await followed({ look: back })).followed).toEqual({ kind: 'ended', exitCode: 0 })
    const { followed: gone, ms } = await followed({ look: () => UNREACHABLE })
    expect(gone).toMatchObject({ kind: 'left' })
    expect(ms).toBeGreaterThanOrEqual(120_000)
    expect(ms).toBeLessThan(130_000)
  })

  test('counts the two minutes anew after each answer', async () => {
    const look = (ms: number): LaunchState | RotatorError => {
      if (ms >= 400_000) return OVER
      return ms % 100_000 < 90_000 ? UNREACHABLE : RUNNING
    }
    expect((await followed({ look })).followed).toEqual({ kind: 'ended', exitCode: 0 })
  })

  test('lets go at once where looking is not granted', async () => {
    const { followed: gone, ms } = await followed({ look: () => DENIED })
    expect(gone).toMatchObject({ kind: 'left', why: DENIED.message })
    expect(ms).toBe(0)
  })

  test('lets go at its limit, and not before', async () => {
    const { followed: gone, ms } = await followed({ look: () => RUNNING, limitMs: 90_000 })
    expect(gone).toEqual({ kind: 'left', why: 'it was not over after 90 s' })
    expect(ms).toBe(90_000)
  })

  test('says each state once', async () => {
    const look = (ms: number): LaunchState => {
      if (ms > 20_000) return OVER
      return ms < 10_000 ? { state: 'waiting', why: 'it is PENDING' } : RUNNING
    }
    expect((await followed({ look })).notes).toEqual([
      'task c/1: it is PENDING',
      'task c/1: running',
    ])
  })

  test('waits for lines that come after the end, for one silence of the lag', async () => {
    const late = { told: false }
    const log = (ms: number): readonly string[] => {
      if (late.told || ms < 4_000) return []
      late.told = true
      return ['late']
    }
    const { lines, ms } = await followed({ look: () => OVER, log, logLagMs: 5_000 })
    expect(lines).toEqual(['late'])
    expect(ms).toBe(9_000)
  })

  test('does not wait when the last line is there, or when there is no lag', async () => {
    const log = (): readonly string[] => ['first', 'last']
    const { lines, ms } = await followed({ look: () => OVER, log, logLagMs: 5_000 })
    expect([lines, ms]).toEqual([['first', 'last'], 0])
    expect((await followed({ look: () => OVER })).ms).toBe(0)
  })

  test('waits for no lines of what never ran, and for those of what did', async () => {
    const failed = (): LaunchState => ({ state: 'failed', why: 'no image' })
    expect((await followed({ look: failed, logLagMs: 5_000 })).ms).toBe(0)
    const late = (ms: number): readonly string[] => (ms === 0 || ms === 2_000 ? ['more'] : [])
    const seen = await followed({ look: failed, log: late, logLagMs: 5_000 })
    expect(seen).toMatchObject({ lines: ['more', 'more'], ms: 7_000 })
  })

  test('waits no longer than six lags for a log that never ends', async () => {
    const log = (): readonly string[] => ['more']
    expect((await followed({ look: () => OVER, log, logLagMs: 5_000 })).ms).toBe(30_000)
  })

  test('a log that cannot be read is told once, and fails nothing', async () => {
    const unreadable = new RotatorError('ERR_LOG_UNREADABLE', {
      log: 'l',
      action: 'a',
      problem: '',
    })
    const look = (ms: number): LaunchState => (ms > 20_000 ? OVER : RUNNING)
    const { followed: end, notes } = await followed({ look, log: () => unreadable })
    expect(end).toEqual({ kind: 'ended', exitCode: 0 })
    expect(notes.filter((note) => note.includes('ERR_LOG_UNREADABLE'))).toHaveLength(1)
  })

  test('a bug is not taken for a silence', async () => {
    const bug = new TypeError('no')
    const look = (): LaunchState => {
      throw bug
    }
    await expect(followed({ look })).rejects.toBe(bug)
  })
})
