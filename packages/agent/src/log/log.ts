import type { LogLevel } from '../config/settings.ts'

/** What the agent tells about itself: never a secret, a token, or what a request held. */
export interface Log {
  debug(message: string): void
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

/** Where lines go, each with its line feed. */
export type Sink = (line: string) => void

const LEVELS = ['debug', 'info', 'warn', 'error', 'none'] as const

/**
 * Lines as `2026-01-31T12:00:00.000Z ERROR cuedot-agent - message`.
 *
 * @param level - what is below it is left out; `none` leaves out everything
 */
export function makeLog(level: LogLevel, write: Sink, wallClock: () => Date): Log {
  const lowest = LEVELS.indexOf(level)
  const at = (name: Exclude<LogLevel, 'none'>): ((message: string) => void) => {
    if (LEVELS.indexOf(name) < lowest) return () => undefined
    return (message) => {
      write(`${wallClock().toISOString()} ${name.toUpperCase()} cuedot-agent - ${message}\n`)
    }
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
