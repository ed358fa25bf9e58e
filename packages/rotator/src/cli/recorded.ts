import { composeAudit } from '../compose.ts'
import type { Audit } from '../compose.ts'
import type { Config } from '../config/types.ts'
import type { EventSink } from '../ports/events.ts'
import type { RunResult } from '../engine/result.ts'
import { EXIT } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import type { CommonOptions } from './options.ts'
import { asker } from './workspace.ts'

/** What the result of a recorded run says about its record. */
export interface AuditResult {
  readonly file: string
  /** The number of the last entry that this run has written. */
  readonly seq?: number
  /** Its hash: kept elsewhere, it shows later that nothing up to this line was changed. */
  readonly head?: string
  /** Events that are not in the file; absent where all are. */
  readonly unrecorded?: number
  /** Why not. */
  readonly problem?: string
}

/** The audit file of the configuration, ready to be written; undefined where there is none. */
export async function openAudit(
  config: Config,
  options: CommonOptions,
): Promise<Audit | undefined> {
  return config.audit && (await composeAudit({ ...config.audit, ...asker(options) }))
}

/** A sink that records each event before it is shown, and shows when recording begins to fail. */
export function recordedSink(audit: Audit, shown: EventSink): EventSink {
  let failing = false
  return {
    get trouble() {
      return audit.trouble
    },
    emit: (event) => {
      audit.emit(event)
      shown.emit(event)
      const { trouble } = audit
      if (trouble && !failing) {
        const { at, target } = event
        const { code: error, message } = trouble
        shown.emit({ code: 'AUDIT_FAILED', at, target, error, message })
      }
      failing = trouble !== undefined
    },
  }
}

/** How the record of a run ended. Tries once more to write what could not be written. */
export function auditResult(audit: Audit): AuditResult {
  audit.flush()
  const { path: file, head, trouble, unrecorded } = audit
  return {
    file,
    ...(head && { seq: head.seq, head: head.hash }),
    ...(trouble && { unrecorded, problem: trouble.details.problem }),
  }
}

/** What a person must know of the record, as the last words of a result. */
export function auditText({ file, seq, head, unrecorded, problem }: AuditResult): string {
  if (problem === undefined) return `Recorded in ${file} up to entry ${seq ?? 0}, ${head ?? ''}`
  return (
    `NOT RECORDED: ${unrecorded ?? 0} events of this run are not in ${file}: ${problem}. ` +
    'Keep this output as the record, repair the file (docs/audit.md), and look at what it lacks.'
  )
}

/** A run that did its work and left no record needs a person, too. */
export function exitCodeWithAudit(exitCode: ExitCode, audit: AuditResult | undefined): ExitCode {
  return audit?.problem !== undefined && exitCode === EXIT.ok ? EXIT.refused : exitCode
}

/** A result with what is to be said about its record. */
export type RecordedResult = RunResult & { readonly audit?: AuditResult }
