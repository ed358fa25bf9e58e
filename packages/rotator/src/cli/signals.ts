/** A stop signal that follows the process's own signals. */
export interface Stop {
  /** Aborted with the signal's name as its reason. */
  readonly signal: AbortSignal
  /** Signals end the process again. */
  release(): void
}

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/**
 * Turns SIGTERM, SIGINT and SIGHUP into one request to stop. Asking twice does not end the process
 * in the middle of an action: the message is only repeated.
 */
export function stopOnSignals(tell: (text: string) => void): Stop {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals): void => {
    tell(
      `${name}: finishing the action in flight, then stopping. Running again goes on from there.`,
    )
    controller.abort(name)
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  return {
    signal: controller.signal,
    release: () => {
      for (const name of SIGNALS) process.off(name, onSignal)
    },
  }
}
