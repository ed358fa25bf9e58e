/** The options that every command takes, as commander hands them over. */
export interface CommonOptions {
  readonly config?: string
  readonly json?: true
  readonly logJson?: true
  readonly reason?: string
  readonly by?: string
}

/** The options of commands that act. */
export interface RunOptions extends CommonOptions {
  /** A plan file: nothing but this plan is carried out. */
  readonly plan?: string
  /** The hash that a person approved. */
  readonly approved?: string
}

/** The options of `rotate`. */
export interface RotateOptions extends RunOptions {
  /** Grant the standby user what it lacks. */
  readonly fix?: true
  readonly compromised?: true
  /** Give the active user the password of the secret where it does not log in. */
  readonly trustSecret?: true
  /** Start a rotation outside of every window, too. */
  readonly force?: true
}

/** The options of `plan`. */
export interface PlanOptions extends LookOptions {
  readonly for: 'rotate' | 'rehearse' | 'heal' | 'back-out'
  /** Where the plan is written for approval. */
  readonly out?: string
}

/** The options of commands that only look. */
export interface LookOptions extends CommonOptions {
  readonly all?: true
}

/** The command line asks for something that cannot be: exit code 2. */
export class UsageError extends Error {
  /** What to type instead. */
  readonly todo: string

  constructor(what: string, todo: string) {
    super(what)
    this.todo = todo
  }
}
