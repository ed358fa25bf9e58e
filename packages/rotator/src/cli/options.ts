/** The options that every command takes, as commander hands them over. */
export interface CommonOptions {
  readonly config?: string
  readonly json?: true
  readonly logJson?: true
  readonly reason?: string
  readonly by?: string
}

/** The options of `rotate`. */
export interface RotateOptions extends CommonOptions {
  /** Grant the standby user what it lacks. */
  readonly fix?: true
  readonly compromised?: true
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
