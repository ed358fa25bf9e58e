import type { ConfigTarget } from '../../../ports/config-target.ts'
import { fileTarget } from '../file-target.ts'
import { locateSqlconf } from './locate.ts'

/** Where a sqlconf.php is. */
export interface PhpSqlconfOptions {
  /** Unique in its target; stands in plans and messages. */
  readonly id: string
  /** Path of OpenEMR's `sites/<site>/sqlconf.php`. */
  readonly path: string
}

/**
 * OpenEMR's sqlconf.php as a config target: host, port, login, pass and dbase are replaced in every
 * form in which the file holds them as literals, and not one other byte.
 *
 * Quotes stay as they are, values are escaped, an integer port stays an integer. Nothing is
 * guessed: what is computed, given twice or given conditionally is refused.
 * @throws ERR_TARGET_MISSING, ERR_TARGET_UNREADABLE, ERR_TARGET_UNPARSABLE (also when a new value
 *   cannot be held), ERR_TARGET_NOT_LITERAL, ERR_TARGET_AMBIGUOUS, ERR_TARGET_INCOMPLETE,
 *   ERR_TARGET_CHANGED, ERR_TARGET_UNWRITABLE, ERR_TARGET_DISK_FULL
 */
export function phpSqlconfTarget({ id, path }: PhpSqlconfOptions): ConfigTarget {
  return fileTarget({ id, path, locate: (source) => locateSqlconf(source, path) })
}
