import type { RollState, Runtime } from '../../ports/runtime.ts'
import { RotatorError } from '../../errors.ts'
import { startGroup } from './child-group.ts'
import type { ChildGroup, ChildOptions, Ending } from './child-group.ts'
import { forgetOldRolls } from '../common/forget.ts'

/** A command that makes consumers pick up a credential, as `['systemctl', 'reload', 'app']`. */
export interface CommandOptions {
  /** Unique in its target; stands in plans and messages. */
  readonly id: string
  /** Program and arguments; run without a shell. Must exit with 0 when it succeeded. */
  readonly argv: readonly string[]
  /** Milliseconds, 1 to 2^31-1, after which its whole process group is ended. */
  readonly limitMs: number
  readonly cwd?: string
  /** Added to the environment. Never put a secret here. */
  readonly env?: Readonly<Record<string, string>>
  /** Names of variables of ours that the command gets as well, beside {@link PASSED_ON}. */
  readonly inherit?: readonly string[]
  /** Milliseconds between TERM and KILL. Default 5000. */
  readonly graceMs?: number
  /** False for text that holds a secret: asked before the command's stderr is shown. */
  readonly mayShow?: (text: string) => boolean
}

/** A runtime whose rolls can be ended, as when the run is told to stop. */
export interface CommandRuntime extends Runtime {
  /** Ends what still runs: TERM to the process group, KILL after the grace. */
  stop(): Promise<void>
}

/**
 * What every command gets from our environment. Not the rest: it may hold keys and passwords that
 * are ours alone.
 */
const PASSED_ON: readonly string[] = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'XDG_RUNTIME_DIR',
]

/** The variable in which a command finds the token of its roll. */
const TOKEN = 'CUEDOT_ROLL'

/**
 * A runtime that is rolled by running a command. One process remembers its newest rolls; a new one
 * answers `due`, so the command must bear being run again.
 *
 * `failed` says how the command ended and, where they hold no secret, the last lines of its stderr
 * (500 characters). When this process exits, commands that still run are killed.
 * @throws ERR_CONFIG at once for an empty `argv`; `roll` and `observe` throw only the reason of an
 *   aborted signal
 */
export function commandRuntime(options: CommandOptions): CommandRuntime {
  const [program, ...args] = options.argv
  if (program === undefined || program === '' || options.argv.some((arg) => arg.includes('\0')))
    throw new RotatorError('ERR_CONFIG', {
      file: 'runtime',
      path: `${options.id}/argv`,
      problem: 'must name a program, and no argument may hold a NUL byte',
    })
  const rolls = new Map<string, Roll>()
  return {
    id: options.id,
    limitMs: options.limitMs,
    pollMs: Math.min(250, options.limitMs),
    observe: async (token, { signal }) => {
      signal.throwIfAborted()
      const group = await rolls.get(token)?.begun
      return group ? stateOf(group, options) : { state: 'due' }
    },
    roll: async (token, { signal }) => {
      signal.throwIfAborted()
      const roll = rolls.get(token) ?? begin(options, [program, ...args], token)
      rolls.set(token, roll)
      await roll.begun
      forgetOldRolls(rolls, ({ group }) => group?.ending() !== undefined)
    },
    stop: async () => {
      const groups = await Promise.all([...rolls.values()].map(({ begun }) => begun))
      await Promise.all(groups.map((group) => group.stop()))
    },
  }
}

/** A roll of this process. */
interface Roll {
  readonly begun: Promise<ChildGroup>
  /** Known once it has begun. */
  group?: ChildGroup
}

function begin(options: CommandOptions, argv: ChildOptions['argv'], token: string): Roll {
  const begun = startGroup({
    argv,
    env: environment(options, token),
    limitMs: options.limitMs,
    graceMs: options.graceMs ?? 5000,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  })
  const roll: Roll = { begun }
  void begun.then((group) => (roll.group = group))
  return roll
}

function environment(options: CommandOptions, token: string): Record<string, string> {
  const names = [...PASSED_ON, ...(options.inherit ?? [])]
  const ours = names.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
  return { ...Object.fromEntries(ours), ...options.env, [TOKEN]: token }
}

function stateOf(group: ChildGroup, options: CommandOptions): RollState {
  const ending = group.ending()
  if (!ending) return { state: 'rolling' }
  if (ending.kind === 'exited' && ending.code === 0) return { state: 'done' }
  return { state: 'failed', why: explain(ending, group.stderr(), options) }
}

function explain(ending: Ending, stderr: string, options: CommandOptions): string {
  const what = `${options.argv[0]} ${describe(ending, options)}`
  if (stderr === '') return what
  const shown = looksHarmless(stderr) && (options.mayShow?.(stderr) ?? true)
  return shown ? `${what}: ${stderr}` : `${what} (its stderr may hold a secret and is not shown)`
}

function describe(ending: Ending, { limitMs }: CommandOptions): string {
  switch (ending.kind) {
    case 'exited':
      return `exited with ${ending.code}`
    case 'killed':
      return `was ended by ${ending.signal}`
    case 'not-started':
      return `could not be started (${ending.errno})`
    case 'over-limit':
      return `was ended after its limit of ${limitMs} ms`
    case 'stopped':
      return 'was ended because the run was told to stop'
  }
}

/** Words beside which secrets are usually printed, and passwords in URLs. */
function looksHarmless(text: string): boolean {
  return !/pass|pwd|secret|token|credential|api.?key|private.?key|:\/\/[^/\s]*@/i.test(text)
}
