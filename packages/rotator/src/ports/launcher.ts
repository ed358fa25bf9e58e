import type { Call } from './call.ts'

/**
 * How far a command has come that was started elsewhere.
 * - `waiting`: its container does not run yet. `running`: it does. `why` says what the platform
 *   says, where it says something.
 * - `ended`: the container has ended with this exit code, 0 to 255.
 * - `failed`: it has ended or never began, and there is no exit code.
 */
export type LaunchState =
  | { readonly state: 'waiting' | 'running'; readonly why?: string }
  | { readonly state: 'ended'; readonly exitCode: number; readonly why?: string }
  | { readonly state: 'failed'; readonly why: string }

/** A command that was started elsewhere: a task of ECS, a Job of Kubernetes. */
export interface Launch {
  /** As `task openemr/0123abcd` or `Job openemr/credential-rotation-0123abcd`. */
  readonly name: string
  /** What a person types to see its log; undefined where there is none that could be read. */
  readonly logCommand: string | undefined
  /** For how long after its end lines of its log may still come, in milliseconds. */
  readonly logLagMs: number
  look(call: Call): Promise<LaunchState>
  /** The lines that have come since the last time, oldest first, each of them once. */
  readLog(call: Call): Promise<readonly string[]>
}

/** Starts commands of an image where an application runs. Never ends what it has started. */
export interface Launcher {
  /**
   * Starts one and returns; it need not run yet.
   * @param args - for the entry point of the image
   */
  start(args: readonly string[], call: Call): Promise<Launch>
  /** What was started before and may still run, whoever has started it. */
  running(call: Call): Promise<readonly Launch[]>
}
