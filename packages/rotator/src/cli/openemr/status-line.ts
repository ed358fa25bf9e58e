/** The last line of a run, as the tools that read it expect it. */
export type Status =
  | { readonly kind: 'rotation'; readonly dryRun: boolean; readonly more: More }
  | { readonly kind: 'sync'; readonly dryRun: boolean; readonly more: More }
  | { readonly kind: 'error'; readonly error: string; readonly more: More }

/** What is told beyond what those tools know; only where there is something to tell. */
export interface More {
  readonly rotation_id?: string
  readonly outcome?: string
  readonly code?: string
  readonly active_slot?: string
  /** What became of the admin's own password. */
  readonly admin?: string
  /** What a dry run would do, a step each. */
  readonly plan?: readonly string[]
}

/** One line of JSON, spaced as Python's `json.dumps` spaces it. */
export function statusJson(status: Status): string {
  return spaced({ ...core(status), ...status.more })
}

/** True for a line as {@link statusJson} makes it, whoever has printed it. */
export function isStatusLine(line: string): boolean {
  return /^\{"status": ?"(ok|error)"/.test(line.trimStart())
}

function core(status: Status): object {
  switch (status.kind) {
    case 'rotation':
      return { status: 'ok', dry_run: status.dryRun }
    case 'sync':
      return {
        ...{ status: 'ok', action: 'sync_db_users' },
        ...(status.dryRun && { dry_run: true }),
      }
    case 'error':
      return { status: 'error', error: status.error }
  }
}

/** What a person reads instead; an error is for stderr. */
export function statusText(status: Status): string {
  switch (status.kind) {
    case 'rotation':
      return `Rotation completed successfully (dry_run=${status.dryRun ? 'True' : 'False'})`
    case 'sync':
      return status.dryRun
        ? 'Database users would be synced to match slot secrets (dry_run=True)'
        : 'Database users synced to match slot secrets.'
    case 'error':
      return status.error
  }
}

/** JSON with a blank after each colon and comma between values. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(
    ([key, held]) => `${JSON.stringify(key)}: ${spaced(held)}`,
  )
  return `{${members.join(', ')}}`
}
