import { composeSystem } from '../../compose.ts'
import { composeLauncher } from '../../compose/drop-in.ts'
import { isRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { Launch, Launcher } from '../../ports/launcher.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import { print, tell } from '../output.ts'
import { tellStack } from '../tell-failure.ts'
import { Unusable, sentences, toldOf } from './failures.ts'
import { follow } from './operator-follow.ts'
import type { Followed } from './operator-follow.ts'
import { checkFlags, fixFlags, limitOf, placeOf } from './operator-options.ts'
import type { FixOptions, LaunchOptions } from './operator-options.ts'
import { demandPermissions } from './permissions.ts'
import { isStatusLine, statusJson } from './status-line.ts'

/**
 * `cuedot openemr run`: starts the rotation where the application runs, shows what it prints and
 * returns its exit code: 0, 1 or 2.
 * @param flags - for the rotation itself
 * @throws UsageError
 */
export async function runOperator(
  flags: readonly string[],
  options: LaunchOptions,
): Promise<ExitCode> {
  return await launchCommand(checkFlags(flags), options)
}

/** `cuedot openemr fix-permissions`: as `--fix-permissions`, where the volume is mounted. */
export async function fixOperator(options: FixOptions): Promise<ExitCode> {
  demandPermissions(options)
  return await launchCommand(fixFlags(options), options)
}

/** `cuedot openemr verify --task` or `--job`. */
export async function verifyThere(options: LaunchOptions): Promise<ExitCode> {
  return await launchCommand(['verify'], options)
}

/** Starts a command, follows it to its end and tells how that was. */
async function launchCommand(args: readonly string[], options: LaunchOptions): Promise<ExitCode> {
  const place = placeOf(options, process.env)
  const limitMs = limitOf(options)
  const isJson = options.json && !args.includes('--log-json')
  const all = isJson ? [...args, '--log-json'] : args
  const status = new LastLine()
  try {
    const { clock, random } = await composeSystem()
    const launcher = await composeLauncher(place, random.uuid())
    const call = (): Call => ({ signal: clock.deadline(CALL_LIMIT_MS) })
    const launch = await begin(launcher, all, { options, call })
    tell(`${options.attach === true ? 'Following' : 'Started'} ${launch.name}.`)
    if (launch.logCommand === undefined) tell('Its log goes where it cannot be read from here.')
    const leave = leaveOnSignals()
    try {
      const show = (line: string): boolean => status.show(line)
      const given = { clock, limitMs, stop: leave.stop, show, note: tell }
      const followed = await follow(launch, given)
      return conclude(followed, launch, status, options)
    } finally {
      leave.release()
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    tellStack(error)
    if (!isRotatorError(error) || error.retry !== 'observe-first') {
      const { error: text, more } = toldOf(error)
      return failed(text, options, more)
    }
    const { message, code } = error
    return failed(sentences(message, MAYBE_STARTED), options, { code })
  }
}

const CALL_LIMIT_MS = 30_000

const MAYBE_STARTED =
  'It may have been started. A second rotation is refused while one runs, so running this again ' +
  'is safe'

async function begin(
  launcher: Launcher,
  args: readonly string[],
  { options, call }: { readonly options: LaunchOptions; readonly call: () => Call },
): Promise<Launch> {
  if (options.attach !== true) return await launcher.start(args, call())
  const [first, ...others] = await launcher.running(call())
  const names = [first, ...others].map((one) => one?.name ?? '').join(', ')
  if (first !== undefined && others.length === 0) return first
  throw new Unusable(
    first === undefined
      ? 'Nothing runs that could be followed. Leave --attach out to start it.'
      : `Several may run: ${names}. Wait until one is left.`,
  )
}

/** Shows lines, and knows whether the last of them is the status object. */
class LastLine {
  isStatus = false

  /** @returns true for the status object, which a rotation prints last */
  show(line: string): boolean {
    print(line)
    this.isStatus = isStatusLine(line)
    return this.isStatus
  }
}

const OWN_CODES: ReadonlySet<number> = new Set([EXIT.ok, EXIT.failed, EXIT.usage])

function conclude(
  followed: Followed,
  { name, logCommand = 'its log' }: Launch,
  status: LastLine,
  options: LaunchOptions,
): ExitCode {
  const state = `${name} was not stopped and may still run`
  switch (followed.kind) {
    case 'failed':
      return failed(sentences(`${name} ended without an exit code: ${followed.why}`), options)
    case 'left':
      return failed(sentences(followed.why, state, `Look at ${logCommand}`), options)
    case 'ended': {
      const { exitCode, why } = followed
      const code = `${name} ended with exit code ${exitCode}`
      const reason = why === undefined ? code : `${code}: ${why}`
      if (!OWN_CODES.has(exitCode)) return failed(sentences(reason), options)
      if (why !== undefined) tell(reason)
      if (exitCode === EXIT.ok) {
        if (options.json && !status.isStatus) print('{"status": "ok"}')
        return EXIT.ok
      }
      if (!status.isStatus) failed(sentences(reason), options)
      return exitCode === EXIT.usage ? EXIT.usage : EXIT.failed
    }
  }
}

function failed(error: string, { json }: LaunchOptions, more: { code?: string } = {}): ExitCode {
  if (json) print(statusJson({ kind: 'error', error, more }))
  else tell(`Failed: ${error}`)
  return EXIT.failed
}

/** A signal ends the following and nothing else: what was started goes on. */
function leaveOnSignals(): { readonly stop: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals): void => controller.abort(name)
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
  for (const name of signals) process.on(name, onSignal)
  return {
    stop: controller.signal,
    release: () => {
      for (const name of signals) process.off(name, onSignal)
    },
  }
}
