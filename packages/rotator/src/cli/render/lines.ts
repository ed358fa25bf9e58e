import type { RotationEvent } from '../../domain/events.ts'
import { nameOfStep, phrase } from './phrases.ts'
import type { Renderer } from './renderer.ts'

/** A wait that has nothing new to say is shown this often, in milliseconds. */
const REPEAT_MS = 10_000

/** One plain line an event, with its time in UTC and its target: for logs and pipes. */
export function linesRenderer(write: (line: string) => void): Renderer {
  let last: { readonly on: string; readonly waitedMs: number } | undefined
  const isNews = (event: RotationEvent): boolean => {
    if (event.code !== 'STEP_WAITING') {
      last = undefined
      return true
    }
    const on = `${nameOfStep(event)} ${event.on}`
    if (last?.on === on && event.waitedMs - last.waitedMs < REPEAT_MS) return false
    last = { on, waitedMs: event.waitedMs }
    return true
  }
  return {
    emit: (event) => {
      if (isNews(event)) write(`${event.at.slice(11, 19)}Z ${event.target} ${phrase(event)}`)
    },
    note: write,
    close: async () => undefined,
  }
}
