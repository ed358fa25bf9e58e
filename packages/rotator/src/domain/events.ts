import type { StepName, Subject } from './action.ts'
import type { AdoptionStep } from './adoption.ts'

/**
 * What a run tells while it goes on. `code` and the payload are stable; texts are not.
 * `docs/events.md` is made from {@link EVENT_CATALOGUE}.
 */
export type RotationEvent = EventPayload & EventBase

/** What every event carries. */
export interface EventBase {
  /** ISO-8601, UTC. */
  readonly at: string
  readonly target: string
  /** The rotation that the run works on, once one has been open. */
  readonly rotationId?: string
}

interface StepFacts {
  readonly step: StepName | AdoptionStep
  readonly slot: Subject
  readonly where?: string
}

/** The versions of the secret with the labels AWSCURRENT and AWSPENDING, by id. */
export interface VersionIds {
  readonly current: string
  readonly pending?: string
}

/** What an applied step has seen for itself. */
export interface StepEvidence {
  /** Endpoints on which the new password has logged in. */
  readonly loggedInOn?: readonly string[]
  /** Of a drain: for how long nobody was seen on the slot, and how often it was counted, where. */
  readonly quietMs?: number
  readonly counts?: number
  readonly mostSessions?: number
  readonly countedOn?: readonly string[]
  /** What a runtime says of a roll that is done, where there is something to say. */
  readonly says?: string
}

/** What each event says besides. */
export type EventPayload =
  | {
      readonly code: 'RUN_STARTED'
      readonly intent: string
      readonly by: string
      readonly reason: string
      /** Hash of the approved plan. */
      readonly plan?: string
    }
  | ({ readonly code: 'STEP_STARTED'; readonly title: string; readonly why: string } & StepFacts)
  | ({ readonly code: 'STEP_WAITING'; readonly waitedMs: number; readonly on: string } & StepFacts)
  | ({
      readonly code: 'STEP_APPLIED'
      readonly durationMs: number
      readonly versions?: VersionIds
      readonly evidence?: StepEvidence
    } & StepFacts)
  | ({ readonly code: 'STEP_FAILED'; readonly error: string; readonly message: string } & StepFacts)
  | {
      readonly code: 'RETRYING'
      readonly error: string
      readonly inMs: number
      readonly attempt: number
    }
  | { readonly code: 'SESSIONS_ENDED'; readonly slot: Subject; readonly sessions: string }
  | { readonly code: 'STORE_SETTLING'; readonly waitMs: number }
  | { readonly code: 'STOP_REQUESTED'; readonly signal: string }
  | { readonly code: 'WINDOW_FORCED'; readonly opensAt?: string }
  | { readonly code: 'AUDIT_FAILED'; readonly error: string; readonly message: string }
  | {
      readonly code: 'RUN_ENDED'
      readonly outcome: string
      readonly error?: string
      readonly durationMs: number
      readonly versions?: VersionIds
    }

/** Stable; texts may change. */
export type EventCode = EventPayload['code']

interface EventEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly what: string
  readonly payload: string
}

/**
 * Every event with its level, its meaning and what it carries besides `at`, `target`, `rotationId`.
 */
export const EVENT_CATALOGUE: { readonly [C in EventCode]: EventEntry } = {
  RUN_STARTED: {
    level: 'info',
    what: 'A run has begun to look at the target.',
    payload:
      '`intent` (rotate, rehearse, converge, back-out, adopt), `by`, `reason`, ' +
      '`plan` (hash of the approved)',
  },
  STEP_STARTED: {
    level: 'info',
    what: 'A step of the runbook is about to be applied.',
    payload: '`step`, `slot`, `where`, `title`, `why`',
  },
  STEP_WAITING: {
    level: 'info',
    what: 'A step waits for something outside: a rollout, sessions that must end.',
    payload: '`step`, `slot`, `where`, `waitedMs`, `on`',
  },
  STEP_APPLIED: {
    level: 'info',
    what: 'A step has been applied. Whether it had its effect is observed next.',
    payload:
      '`step`, `slot`, `where`, `durationMs`, `versions` (ids: `current`, `pending`), ' +
      '`evidence`: `loggedInOn`; of a drain `quietMs`, `counts`, `mostSessions`, `countedOn`; ' +
      'of a roll `says`',
  },
  STEP_FAILED: {
    level: 'error',
    what: 'A step failed.',
    payload: '`step`, `slot`, `where`, `error` (a code of errors.md), `message`',
  },
  RETRYING: {
    level: 'warn',
    what: 'Something failed in a way that may pass; the run waits and looks again.',
    payload: '`error`, `inMs`, `attempt`',
  },
  SESSIONS_ENDED: {
    level: 'warn',
    what: 'An urgent run ends sessions that began with a leaked password.',
    payload: '`slot`, `sessions`',
  },
  STORE_SETTLING: {
    level: 'info',
    what: 'The store may still show an older state; the run waits before it believes it.',
    payload: '`waitMs`',
  },
  STOP_REQUESTED: {
    level: 'warn',
    what: 'The run was asked to stop; it finishes the action in flight.',
    payload: '`signal`',
  },
  WINDOW_FORCED: {
    level: 'warn',
    what: 'A rotation is started outside of every window: `--force` or `--compromised`.',
    payload: '`opensAt`: when the next window would have opened',
  },
  AUDIT_FAILED: {
    level: 'error',
    what: 'An event could not be written into the audit file. The run goes on; its result says so.',
    payload: '`error` (a code of errors.md), `message`',
  },
  RUN_ENDED: {
    level: 'info',
    what: 'The run has ended.',
    payload: '`outcome`, `error`, `durationMs`, `versions`',
  },
}
