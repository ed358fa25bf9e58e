import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { EVENT_CATALOGUE } from '../../domain/events.ts'
import type { RotationEvent } from '../../domain/events.ts'
import { ended, plainEnvironment } from './children.ts'
import type { Guard } from './guard-process.ts'

/** The command as a person would run it. */
const CUEDOT = fileURLToPath(new URL('../../../bin/cuedot.js', import.meta.url))

/** Where a run is killed: so long after its nth step has begun. */
export interface KillPlan {
  /** Counted from 1. */
  readonly step: number
  readonly delayMs: number
}

/** How to run one rotation. */
export interface RotationOptions {
  readonly config: string
  readonly guard: Guard
  readonly signal: AbortSignal
  readonly onEvent: (event: RotationEvent) => void
  readonly kill?: KillPlan
}

/** How a run ended. */
export interface RotationEnd {
  /** Exit code, or the signal that ended it. */
  readonly how: number | string
  /** Its last words that are no events, for when it ended otherwise than expected. */
  readonly words: string
}

/** Longer than any rotation of the demo takes, also on a slow machine. */
const LIMIT_MS = 120_000

/** The last lines kept of what a run prints. */
const KEPT_LINES = 12

/**
 * Runs `cuedot rotate` as a process of its own and reads its events.
 *
 * With a {@link KillPlan} it gets SIGKILL when its time has come; at the latest when it begins to
 * retire the old password, so that it never ends by itself.
 */
export async function runRotation(options: RotationOptions): Promise<RotationEnd> {
  const { config, guard, signal } = options
  const args = [CUEDOT, 'rotate', '--config', config, '--log-json']
  const child = spawn(process.execPath, args, {
    detached: true,
    env: { ...plainEnvironment(), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const gone = ended(child)
  const { pid = 0 } = child
  if (pid > 0) guard.watch(pid)
  const kill = (): void => void child.kill('SIGKILL')
  const limit = setTimeout(kill, LIMIT_MS)
  signal.addEventListener('abort', kill)
  const trap = options.kill === undefined ? undefined : killer(options.kill, kill)
  const words: string[] = []
  const take = (line: string): void => {
    const event = eventIn(line)
    if (event === undefined) words.push(line)
    else options.onEvent(event)
    if (event) trap?.see(event)
    words.splice(0, words.length - KEPT_LINES)
  }
  const reading = [readLines(child.stdout, take), readLines(child.stderr, take)]
  const how = await gone
  await Promise.all(reading)
  clearTimeout(limit)
  trap?.disarm()
  signal.removeEventListener('abort', kill)
  guard.unwatch(pid)
  signal.throwIfAborted()
  return { how, words: words.join('\n') }
}

async function readLines(stream: Readable, take: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream })) take(line)
}

interface Killer {
  see(event: RotationEvent): void
  disarm(): void
}

function killer({ step, delayMs }: KillPlan, kill: () => void): Killer {
  let steps = 0
  let timer: NodeJS.Timeout | undefined
  return {
    see(event) {
      if (event.code !== 'STEP_STARTED') return
      steps += 1
      if (event.step === 'retire' || (steps === step && delayMs === 0)) kill()
      else if (steps === step) timer = setTimeout(kill, delayMs)
    },
    disarm: () => clearTimeout(timer),
  }
}

/** The event in a line of `--log-json`; undefined for any other line. */
function eventIn(line: string): RotationEvent | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return isEvent(value) ? value : undefined
  } catch {
    // Not JSON: words for a person.
    return undefined
  }
}

function isEvent(value: unknown): value is RotationEvent {
  const fields = typeof value === 'object' && value !== null ? value : {}
  if (!('code' in fields) || !('at' in fields)) return false
  return typeof fields.code === 'string' && fields.code in EVENT_CATALOGUE
}
