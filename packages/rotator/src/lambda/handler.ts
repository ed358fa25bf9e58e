import { composeRotation, functionSystem } from '../compose/rotation-function.ts'
import { unusable } from '../engine/four-steps/result.ts'
import { visit } from '../engine/four-steps/visit.ts'
import type { VisitResult } from '../engine/four-steps/types.ts'
import { isRotatorError } from '../errors.ts'
import { readSettings } from '../compose/rotation-settings.ts'
import type { Variables } from '../compose/rotation-settings.ts'
import { parseEvent } from './event.ts'
import type { FunctionContext } from './event.ts'
import { figuresLine } from './figures.ts'
import { rotateManaged } from './managed.ts'

/** What a rotation function needs from where it runs. */
export interface FunctionHost {
  readonly variables: Variables
  /** Gets one object for each line of the log. */
  readonly log: (line: object) => void
}

/** A function that Lambda can call. It resolves when the step's goal is reached. */
export type RotationHandler = (event: unknown, context: FunctionContext) => Promise<void>

/** Why a step was not done: its name is the code, its message what a person reads in the log. */
export class RotationFailed extends Error {
  readonly result: VisitResult

  constructor(result: VisitResult) {
    super([result.what, result.state, result.todo].filter((text) => text !== '').join(' '))
    this.name = result.code ?? 'ROTATION_FAILED'
    this.result = result
  }
}

/**
 * Makes the handler of a rotation function for AWS Secrets Manager, for MySQL, MariaDB and
 * PostgreSQL. Whatever is not done is thrown, so that Secrets Manager repeats the rotation.
 *
 * @throws the handler throws {@link RotationFailed}
 */
export function rotationHandler({ variables, log }: FunctionHost): RotationHandler {
  return async (event, context) => {
    const { parsed, settings } = read(() => ({
      parsed: parseEvent(event, context),
      settings: readSettings(variables),
    }))
    const about = {
      ...{ secret: parsed.secret, step: parsed.step },
      ...('token' in parsed && { version: parsed.token }),
    }
    log({ level: 'info', code: 'STEP_STARTED', ...about })
    const remainingMs = (): number => context.getRemainingTimeInMillis()
    const place = { ...settings.place, secret: parsed.secret }
    const result =
      parsed.step === 'rotateManaged'
        ? await rotateManaged(place, { remainingMs, log })
        : await visit(
            composeRotation(place, settings.options),
            { step: parsed.step, token: parsed.token, asked: 'called' },
            {
              ...{ ...functionSystem, remainingMs },
              tell: (told) =>
                log({ level: told.code === 'RETRYING' ? 'warn' : 'info', ...about, ...told }),
            },
          )
    tellEnd(result, about)
    log(figuresLine(parsed, result, functionSystem.clock.now()))
    if (result.outcome !== 'done') throw new RotationFailed(result)
  }

  function tellEnd(result: VisitResult, about: object): void {
    const { outcome, code, what, state, todo, durationMs } = result
    const ended = { code: 'STEP_ENDED', ...about, outcome, durationMs, what }
    const problem = outcome === 'done' ? {} : { error: code, state, todo }
    log({ level: outcome === 'done' ? 'info' : 'error', ...ended, ...problem })
  }

  function read<T>(given: () => T): T {
    try {
      return given()
    } catch (error) {
      if (!isRotatorError(error)) throw error
      const result = unusable(error)
      tellEnd(result, {})
      throw new RotationFailed(result)
    }
  }
}
