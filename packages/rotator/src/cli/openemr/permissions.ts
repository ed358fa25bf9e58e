import { access } from 'node:fs/promises'
import { repairPermissions } from '../../compose/drop-in.ts'
import { isRotatorError } from '../../errors.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import { print, tell } from '../output.ts'
import type { OpenemrOptions } from './flags.ts'
import { sqlconfOf } from './targets.ts'

/** What both tools set: readable to whoever runs PHP. */
export const DEFAULT_MODE: string = '0644'

/**
 * `--fix-permissions`: gives sqlconf.php its mode, and its owner where one is named. Needs nothing
 * but the mount. Silent when it worked, as the tools are that it stands in for.
 *
 * @throws UsageError for a mode or an owner that is none
 */
export async function fixPermissions(
  mountRoot: string,
  { mode: asked = DEFAULT_MODE, owner: named, dryRun }: OpenemrOptions,
): Promise<ExitCode> {
  const path = sqlconfOf(mountRoot)
  const mode = modeOf(asked)
  const owner = named === undefined ? undefined : ownerOf(named)
  if (dryRun === true)
    return await tellOnly(path, `mode ${asked}${named === undefined ? '' : ` and owner ${named}`}`)
  try {
    await repairPermissions(path, { mode, ...(owner && { owner }) })
    return EXIT.ok
  } catch (error) {
    if (!isRotatorError(error)) throw error
    tell(error.code === 'ERR_TARGET_MISSING' ? missing(path) : `${error.message} ${error.hint}`)
    return EXIT.failed
  }
}

/** @throws UsageError for a mode or an owner that is none */
export function demandPermissions({ mode, owner }: Pick<OpenemrOptions, 'mode' | 'owner'>): void {
  if (mode !== undefined) modeOf(mode)
  if (owner !== undefined) ownerOf(owner)
}

function modeOf(text: string): number {
  if (!/^[0-7]{3,4}$/.test(text))
    throw new UsageError(`${text} is no mode of a file.`, 'Give three or four octal digits: 0440.')
  return Number.parseInt(text, 8)
}

function ownerOf(text: string): { readonly uid: number; readonly gid: number } {
  const [, uid, gid] = /^(\d{1,9}):(\d{1,9})$/.exec(text) ?? []
  if (uid === undefined || gid === undefined)
    throw new UsageError(`${text} is no owner of a file.`, 'Give two numbers: 1000:101.')
  return { uid: Number(uid), gid: Number(gid) }
}

async function tellOnly(path: string, what: string): Promise<ExitCode> {
  try {
    await access(path)
  } catch {
    tell(missing(path))
    return EXIT.failed
  }
  print(`Would set ${what} on ${path}`)
  return EXIT.ok
}

function missing(path: string): string {
  return `sqlconf.php not found at ${path}`
}
