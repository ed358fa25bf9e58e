import type { DocumentEndpoint, RotationEngine } from '@cuedot/client/protocol'
import type {
  Asked,
  FourStepEffect,
  FourStepStrategy,
  RotationStep,
  SessionPolicy,
} from '../../domain/four-steps.ts'
import type { PasswordRules } from '../../domain/password-rules.ts'
import type { RefusalCode } from '../../domain/refusals.ts'
import type { ErrorCode } from '../../errors.ts'
import type { Clock, Random } from '../../ports/clock.ts'
import type { Database } from '../../ports/database.ts'
import type { RotationSecret, ServerRegistry } from '../../ports/rotation-secret.ts'
import type { SecretStore } from '../../ports/secret-store.ts'

/** The secret that is rotated, and how what it names is reached. */
export interface FourStepTarget {
  readonly secret: RotationSecret
  readonly registry: ServerRegistry
  readonly options: FourStepOptions
  openDatabase(engine: RotationEngine, place: DatabasePlace): Promise<Database>
  /** The admin's secret, by ARN or name. */
  openSecret(id: string): Promise<SecretStore>
}

/** Servers of one database. */
export interface DatabasePlace {
  /** The writer first. */
  readonly endpoints: readonly DocumentEndpoint[]
  /** Empty: the engine's default. */
  readonly dbname: string
}

/** What a function is told once for all secrets that it rotates. */
export interface FourStepOptions {
  /** Absent: `alternating` for a secret with `masterarn`, else `single-user`. */
  readonly strategy?: FourStepStrategy
  /** For secrets that name none. */
  readonly engine?: RotationEngine
  /** For secrets that name none. */
  readonly masterarn?: string
  /** Sessions of the user whose password is replaced. */
  readonly sessions: SessionPolicy
  readonly password: PasswordRules
  /** Longest time for one call of a port, in milliseconds. */
  readonly callLimitMs: number
  /** Longest wait for replicas to follow the writer, in milliseconds. */
  readonly proveLimitMs: number
}

/** One call of the function. */
export interface Visit {
  readonly step: RotationStep
  /** The id of the version that this rotation makes. 32 to 64 characters of `[A-Za-z0-9-]`. */
  readonly token: string
  readonly asked: Asked
}

/** What a visit gets from whoever makes it. */
export interface VisitEnvironment {
  readonly clock: Clock
  readonly random: Random
  /** Milliseconds that are left. */
  readonly remainingMs: () => number
  readonly tell: (event: VisitEvent) => void
}

/** What a visit tells while it goes on; no field is ever a secret. */
export type VisitEvent =
  | { readonly code: 'EFFECT_STARTED'; readonly effect: FourStepEffect; readonly why: string }
  | { readonly code: 'EFFECT_DONE'; readonly effect: FourStepEffect; readonly durationMs: number }
  | { readonly code: 'RETRYING'; readonly error: ErrorCode; readonly message: string }

/** How a visit ended. It is returned for every outcome; only bugs throw. */
export interface VisitResult {
  readonly outcome: 'done' | 'refused' | 'failed'
  readonly code?: ErrorCode | RefusalCode | 'LOCKED'
  /** What happened. */
  readonly what: string
  /** What state things are in now. */
  readonly state: string
  /** What to do. Empty where nothing is to be done. */
  readonly todo: string
  readonly effects: readonly FourStepEffect[]
  readonly durationMs: number
  /** Age of what was AWSCURRENT when the call began; absent where that was not read. */
  readonly ageMs?: number
}
