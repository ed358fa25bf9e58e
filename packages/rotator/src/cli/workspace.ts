import { hostname, userInfo } from 'node:os'
import { composeSystem, composeTarget } from '../compose.ts'
import type { Composed } from '../compose.ts'
import { similar } from '../config/similar.ts'
import type { Config } from '../config/types.ts'
import type { Environment } from '../engine/environment.ts'
import { UsageError } from './options.ts'
import type { CommonOptions } from './options.ts'

/** The file that `--config` or CUEDOT_CONFIG names; where both are empty, cuedot.yaml here. */
export function configPath(options: Pick<CommonOptions, 'config'>): string {
  return options.config || 'cuedot.yaml'
}

/** The configuration that the command line names. @throws ERR_CONFIG */
export async function openConfig(options: CommonOptions): Promise<Config> {
  // A command that composes its configuration needs no YAML.
  const { loadConfig } = await import('../config/load.ts')
  return await loadConfig(configPath(options))
}

/**
 * The targets that a command is about: the named one, the only one, or all.
 * @throws UsageError when it is not clear which
 */
export function chooseTargets(
  config: Config,
  name: string | undefined,
  options: { readonly all?: true },
): readonly [string, ...string[]] {
  const names = Object.keys(config.targets)
  const list = names.join(', ')
  if (name !== undefined) {
    if (names.includes(name)) return [name]
    const meant = similar(name, names)
    const todo = meant === undefined ? `Name one of: ${list}.` : `Did you mean ${meant}?`
    throw new UsageError(`There is no target of this name in ${config.file}.`, todo)
  }
  const [first, ...others] = names
  if (first !== undefined && (others.length === 0 || options.all === true))
    return [first, ...others]
  throw new UsageError(`${config.file} has ${names.length} targets.`, `Name one of: ${list}.`)
}

/** The target, composed with what the environment says. @throws ERR_CONFIG, ERR_STORE_KEY */
export async function openTarget(config: Config, name: string): Promise<Composed> {
  const tlsCa = process.env['CUEDOT_TLS_CA']
  return await composeTarget(name, config, tlsCa === undefined || tlsCa === '' ? {} : { tlsCa })
}

/** What the engine gets from this process. */
export async function environment(
  options: CommonOptions,
  given: Omit<Environment, 'clock' | 'random' | 'by' | 'reason'>,
): Promise<Environment> {
  const { clock, random } = await composeSystem()
  return { clock, random, ...given, ...asker(options) }
}

/** Who asks and why, where the command line does not say. */
export function asker(options: CommonOptions): Pick<Environment, 'by' | 'reason'> {
  const { by = operator(), reason = 'asked for on the command line' } = options
  return { by, reason }
}

/** Nobody listens and nobody stops it: for commands that only look. */
export async function quietEnvironment(options: CommonOptions): Promise<Environment> {
  const stop = new AbortController().signal
  return await environment(options, { events: { emit: () => undefined }, stop })
}

/** The user of the operating system and the host. */
function operator(): string {
  return `${username()}@${hostname()}`
}

/** A container's user id often has no name. */
function username(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
