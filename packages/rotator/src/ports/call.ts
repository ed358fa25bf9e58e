/** What every port method gets last. */
export interface Call {
  /** Aborts when the call's deadline passes. An adapter must stop waiting then. */
  readonly signal: AbortSignal
}
