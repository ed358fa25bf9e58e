import { composeRotation, functionSystem } from '../../compose/rotation-function.ts'
import { readSettings } from '../../compose/rotation-settings.ts'
import type {
  FourStepTarget,
  VisitEnvironment,
  VisitEvent,
  VisitResult,
} from '../../engine/four-steps/types.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { print, printJson, tell, threeLines } from '../output.ts'

/** Which secret, and how the result is told. */
export interface SecretOptions {
  /** Name or ARN. */
  readonly secret: string
  readonly region?: string
  readonly json?: true
}

/** As long as Lambda gives a function at the most. */
const LIMIT_MS = 900_000

/** What is done with the secret. */
type Work = (target: FourStepTarget, env: VisitEnvironment) => Promise<VisitResult>

/**
 * Works on one secret as its rotation function would, with the variables of the function in the
 * environment of this process: progress on stderr, the result on stdout.
 *
 * @throws ERR_CONFIG naming the variable
 */
export async function workOnSecret(options: SecretOptions, work: Work): Promise<ExitCode> {
  const { secret, region } = options
  const { place, options: rules } = readSettings(process.env)
  const target = composeRotation(
    { ...place, secret, ...(region !== undefined && { region }) },
    rules,
  )
  const { clock } = functionSystem
  const until = clock.now().getTime() + LIMIT_MS
  const result = await work(target, {
    ...functionSystem,
    remainingMs: () => until - clock.now().getTime(),
    tell: (event) => tell(phrase(event)),
  })
  const exitCode = exitCodeOf(result)
  if (options.json === true) printJson({ secret, exitCode, ...result }, {})
  else print(threeLines({ ...result, what: `${secret}: ${result.what}` }))
  return exitCode
}

function phrase(event: VisitEvent): string {
  switch (event.code) {
    case 'EFFECT_STARTED':
      return `${event.effect}: ${event.why}`
    case 'EFFECT_DONE':
      return `${event.effect}: done in ${event.durationMs} ms`
    case 'RETRYING':
      return `looking again: ${event.message}`
  }
}

function exitCodeOf({ outcome, code, effects }: VisitResult): ExitCode {
  if (outcome === 'done') return EXIT.ok
  if (outcome === 'refused') return EXIT.refused
  if (code === 'LOCKED') return EXIT.locked
  return effects.length === 0 ? EXIT.failed : EXIT.stopped
}
