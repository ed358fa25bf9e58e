import { isRotatorError } from '../../errors.ts'
import { checkLines } from '../commands/verify.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import { bold, green, print, printJson, red } from '../output.ts'
import { tellStack } from '../tell-failure.ts'
import type { Check } from '../verify/checklist.ts'
import { verifyTarget } from '../verify/checks.ts'
import { openTarget, quietEnvironment } from '../workspace.ts'
import { findSqlconf } from './command.ts'
import { sentences, toldOf } from './failures.ts'
import { namesPlace } from './operator-options.ts'
import type { LaunchOptions } from './operator-options.ts'
import { verifyThere } from './operator.ts'
import { prepare } from './runs.ts'
import type { Prepared } from './runs.ts'
import { statusJson } from './status-line.ts'
import { sqlconfOf } from './targets.ts'
import { readVariables } from './variables.ts'
import type { Variables } from './variables.ts'

/** The options of `cuedot openemr verify`. */
export interface VerifyOptions extends LaunchOptions {
  readonly logJson?: true
}

/**
 * `cuedot openemr verify`: tries everything that a rotation needs and changes nothing, here with
 * the environment of the rotation, or in a task or a Job of its own.
 * @throws UsageError
 */
export async function verifyOperator(options: VerifyOptions): Promise<ExitCode> {
  if (options.task === true || options.job === true) return await verifyThere(options)
  demandHere(options)
  const checks = await verifyHere()
  return tellChecks(checks, options)
}

function demandHere(options: VerifyOptions): void {
  if (namesPlace(options))
    throw new UsageError(
      'Where a task or a Job runs is for --task and --job; without them it is verified here.',
      'Add --task or --job, or leave the rest out.',
    )
}

/** What failed first says why the rest was not tried. */
async function verifyHere(): Promise<readonly Check[]> {
  const checks: Check[] = []
  const variables = await attempt(checks, 'environment', async () => readVariables(process.env))
  if (variables === undefined) return checks
  checks.push({ check: 'environment', ok: true, what: describe(variables) })
  const found = await attempt(checks, 'sqlconf', async () => {
    await findSqlconf(variables)
    return true
  })
  if (found === undefined) return checks
  checks.push({ check: 'sqlconf', ok: true, what: `${sqlconfOf(variables.mountRoot)} is there` })
  const prepared = await attempt(checks, 'database', async () => await prepare(variables))
  if (prepared === undefined) return checks
  for (const part of ['slots', 'admin'] as const)
    checks.push(...(await verifyPart(part, prepared, checks)))
  return checks
}

async function verifyPart(
  part: 'slots' | 'admin',
  { config, names }: Prepared,
  failed: Check[],
): Promise<readonly Check[]> {
  const name = names[part]
  const composed = await attempt(failed, part, async () => await openTarget(config, name))
  if (composed === undefined) return []
  try {
    const found = await verifyTarget(composed.target, config, await quietEnvironment({}))
    return found
      .filter(({ check }) => check !== 'configuration')
      .map((one) => ({ ...one, check: `${part}: ${one.check}` }))
  } finally {
    await composed.release()
  }
}

function describe({ platform }: Variables): string {
  return platform.kind === 'ecs'
    ? `ECS: service ${platform.cluster}/${platform.service}`
    : `EKS: Deployment ${platform.namespace}/${platform.deployment}, Secret ${platform.secret}`
}

/** @returns undefined where it failed, which is then among the checks */
async function attempt<T>(
  checks: Check[],
  check: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    tellStack(error)
    const { code, hint } = isRotatorError(error) ? error : {}
    const known = code === undefined || hint === undefined ? {} : { code, hint }
    const what = isRotatorError(error) ? error.message : toldOf(error).error
    checks.push({ check, ok: false, what, ...known })
    return undefined
  }
}

function tellChecks(checks: readonly Check[], { logJson }: VerifyOptions): ExitCode {
  const failed = checks.filter(({ ok }) => !ok)
  const isReady = failed.length === 0
  if (logJson === true) {
    for (const one of checks) printJson(one, { logJson: true })
    print(isReady ? '{"status": "ok", "action": "verify"}' : statusJson(statusOf(failed)))
  } else {
    print([bold('OpenEMR'), isReady ? green('ready') : red('not ready')].join(': '))
    print(checkLines(checks).join('\n'))
  }
  return isReady ? EXIT.ok : EXIT.failed
}

function statusOf(failed: readonly Check[]): Parameters<typeof statusJson>[0] {
  const error = sentences(...failed.map(({ check, what }) => `${check}: ${what}`))
  const [{ code } = {}] = failed
  return { kind: 'error', error, more: code === undefined ? {} : { code } }
}
