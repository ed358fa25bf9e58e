import { resolve } from 'node:path'
import { verifyAudit } from '../../compose.ts'
import type { AuditVerdict } from '../../compose.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import type { CommonOptions } from '../options.ts'
import { print, printJson, threeLines } from '../output.ts'
import { openConfig } from '../workspace.ts'

/** What `audit verify` is asked to check. */
export interface AuditVerifyOptions extends CommonOptions {
  /** 64 hexadecimal digits that some line must have as its hash. */
  readonly expectHead?: string
}

/** `audit verify`: exit code 0 when nothing was changed, 3 when something was. */
export async function auditVerifyCommand(
  file: string | undefined,
  options: AuditVerifyOptions,
): Promise<ExitCode> {
  const { expectHead } = options
  if (expectHead !== undefined && !/^[0-9a-f]{64}$/i.test(expectHead))
    throw new UsageError(
      'What --expect-head gives is no hash.',
      'Give the 64 hexadecimal digits that a run has printed.',
    )
  const path = file === undefined ? await configured(options) : resolve(file)
  const expected = expectHead === undefined ? {} : { head: expectHead.toLowerCase() }
  const verdict = await verifyAudit(path, expected)
  if (options.json === true || options.logJson === true) printJson(verdict, options)
  else print(threeLines(told(verdict)))
  return verdict.ok ? EXIT.ok : EXIT.refused
}

async function configured(options: CommonOptions): Promise<string> {
  const { audit, file } = await openConfig(options)
  if (audit) return audit.path
  throw new UsageError(`${file} names no audit file.`, 'Name the file: cuedot audit verify FILE')
}

function told(verdict: AuditVerdict): { what: string; state: string; todo: string } {
  const { file, broken, entries, head } = verdict
  const right = entries === 1 ? '1 entry is right' : `${entries} entries are right`
  if (broken)
    return {
      what: `${file} is not what was written. Line ${broken.line} ${broken.problem}.`,
      state: `Before it, ${right}.`,
      todo:
        'Keep the file and its .head, find out who could write them, and compare them with a ' +
        'copy. To record on, move both away: the next run begins a new file.',
    }
  return {
    what: `${file} is whole: ${right}${notes(verdict)}.`,
    state: `It ends with entry ${head.seq}, ${head.hash}`,
    todo: '',
  }
}

function notes({ recovered, unfinishedBytes, unconfirmed, expectedAt }: AuditVerdict): string {
  const killed = 'a writer was killed or the disk was full; the next run closes them'
  return [
    ...(expectedAt === undefined ? [] : [`entry ${expectedAt} is the expected one`]),
    ...(recovered === 0
      ? []
      : [`lines that were unfinished and that the next writer closed: ${recovered}`]),
    ...(unfinishedBytes === undefined
      ? []
      : [`${unfinishedBytes} bytes after the last line are unfinished (${killed})`]),
    ...(unconfirmed ? ['a writer was killed right after the last entry, which is right'] : []),
  ]
    .map((note) => `; ${note}`)
    .join('')
}
