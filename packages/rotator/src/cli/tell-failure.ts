import { describeFailure, stackOf } from './failure.ts'
import type { ExitCode } from './exit-codes.ts'
import { printJson, tell, threeLines } from './output.ts'

/** Tells what a command threw: as JSON on stdout where that was asked for, else on stderr. */
export function tellFailure(error: unknown, args: readonly string[]): ExitCode {
  const { exitCode, ...failure } = describeFailure(error)
  if (args.includes('--log-json')) printJson(failure, { logJson: true })
  else if (args.includes('--json')) printJson(failure, {})
  else tell(threeLines(failure))
  tellStack(error)
  return exitCode
}

/** Tells where an error came from, on stderr, when CUEDOT_DEBUG=1 asks for it. */
export function tellStack(error: unknown): void {
  if (process.env['CUEDOT_DEBUG'] === '1') tell(stackOf(error))
}
