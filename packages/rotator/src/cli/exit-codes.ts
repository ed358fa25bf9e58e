import type { Intent } from '../domain/plan.ts'
import type { Outcome } from '../engine/result.ts'

/** What the process tells its caller. docs and `--help` list the same. */
export const EXIT = {
  /** The target is as it should be. */
  ok: 0,
  /** Nothing was begun. */
  failed: 1,
  /** The command line or the configuration cannot be used. */
  usage: 2,
  /** A person must look. */
  refused: 3,
  /** The rotation failed and was turned back: consumers are on the credential they had. */
  backedOut: 4,
  /** Half-way: both credentials work and running again is safe. */
  stopped: 5,
  /** Another rotator holds the lock. */
  locked: 6,
  bug: 70,
} as const

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The exit code of a run that ended; backing out is a success only where it was asked for. */
export function exitCodeOf(outcome: Outcome, intent: Intent): ExitCode {
  switch (outcome) {
    case 'rotated':
    case 'healed':
    case 'rehearsed':
    case 'adopted':
    case 'settled':
      return EXIT.ok
    case 'backed-out':
      return intent === 'back-out' ? EXIT.ok : EXIT.backedOut
    case 'refused':
      return EXIT.refused
    case 'stopped':
      return EXIT.stopped
    case 'locked':
      return EXIT.locked
    case 'failed':
      return EXIT.failed
  }
}

/** The lines of `--help` about exit codes. */
export const EXIT_HELP = `
Exit codes:
  0  done, or nothing to do        4  failed and backed out
  1  failed, nothing was begun     5  stopped half-way, safe to run again
  2  usage or configuration        6  another rotator holds the lock
  3  refused, a person must look  70  a bug in cuedot`
