import { access } from 'node:fs/promises'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import { print, tell } from '../output.ts'
import { tellStack } from '../tell-failure.ts'
import type { OpenemrOptions } from './flags.ts'
import { Unusable, toldOf } from './failures.ts'
import { fixPermissions } from './permissions.ts'
import { planOpenemr, rotateOpenemr, syncOpenemr } from './runs.ts'
import { statusJson, statusText } from './status-line.ts'
import type { Status } from './status-line.ts'
import { sqlconfOf } from './targets.ts'
import { mountRootOf, readVariables } from './variables.ts'
import type { Variables } from './variables.ts'

/**
 * `cuedot openemr`: stands in for the rotation tools of openemr-on-ecs and openemr-on-eks. The same
 * environment and flags, the same last line on stdout; exit code 0, 1 or 2 and no other.
 *
 * Repairing permissions goes before syncing, and syncing before rotating, where several are asked
 * for; `--dry-run` changes nothing in any of them.
 */
export async function openemrCommand(options: OpenemrOptions): Promise<ExitCode> {
  if (options.fixPermissions === true)
    return await fixPermissions(mountRootOf(process.env), options)
  if (options.mode !== undefined || options.owner !== undefined)
    throw new UsageError('--mode and --owner belong to --fix-permissions.', 'Leave them out.')
  const status = await statusOf(options)
  if (options.logJson === true) print(statusJson(status))
  else if (status.kind === 'error') tell(`${verb(options)} failed: ${statusText(status)}`)
  else print(statusText(status))
  return status.kind === 'error' ? EXIT.failed : EXIT.ok
}

async function statusOf(options: OpenemrOptions): Promise<Status> {
  try {
    const variables = readVariables(process.env)
    await findSqlconf(variables)
    if (options.dryRun === true) return await planOpenemr(variables, options)
    if (options.syncDbUsers === true) return await syncOpenemr(variables, options)
    return await rotateOpenemr(variables, options)
  } catch (error) {
    tellStack(error)
    return { kind: 'error', ...toldOf(error) }
  }
}

/**
 * Before anything else is asked: without the file there is nothing to rotate for. One that is
 * there and may not be looked at is told as what it is, by whoever reads it.
 * @throws Unusable
 */
export async function findSqlconf({ mountRoot }: Variables): Promise<void> {
  const path = sqlconfOf(mountRoot)
  try {
    await access(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return
    throw new Unusable(`OpenEMR sqlconf.php not found at discovered path: ${path}`, { cause })
  }
}

function verb({ syncDbUsers }: OpenemrOptions): string {
  return syncDbUsers === true ? 'Sync' : 'Rotation'
}
