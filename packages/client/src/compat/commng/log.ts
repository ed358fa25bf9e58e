/** What CommNG's logger is to this module: `pino` fits, and so does `console`. */
export interface Log {
  debug(message: string): void
  info(message: string): void
  /** @param facts - an error, or what is known of it; never a value of the secret */
  warn(facts: unknown, message: string): void
  error(facts: unknown, message: string): void
}

/** Says nothing. */
export const quiet: Log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
}

function nothing(): void {
  // Nobody listens.
}
