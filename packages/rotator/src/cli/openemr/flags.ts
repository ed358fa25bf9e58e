/** What `cuedot openemr` is asked to do. */
export interface OpenemrOptions {
  readonly dryRun?: true
  readonly logJson?: true
  readonly fixPermissions?: true
  readonly syncDbUsers?: true
  /** `uid:gid` for `--fix-permissions`. */
  readonly owner?: string
  /** Octal mode for `--fix-permissions`. */
  readonly mode?: string
}

const FLAGS = ['--dry-run', '--log-json', '--fix-permissions', '--sync-db-users'] as const

/**
 * Writes unambiguous beginnings of the four flags out, as the tools did that this command stands
 * in for: `--dry` is `--dry-run`. Anything else stays as it is.
 */
export function writeOut(args: readonly string[]): readonly string[] {
  return args.map((arg) => {
    if (!/^--[a-z]/.test(arg)) return arg
    const meant = [...FLAGS, '--help'].filter((flag) => flag.startsWith(arg))
    return meant.length === 1 && meant[0] !== undefined ? meant[0] : arg
  })
}
