import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extractedProgram, isOurs } from './debian.ts'
import { findProgram } from './programs.ts'

/** How MySQL's server is started on this machine. */
export interface MysqlProgram {
  readonly command: string
  /** Stand before all others, options files included. */
  readonly args: readonly string[]
  /** What it says of itself. */
  readonly version: string
}

/** The folder that {@link obtainMysql} fills. One for each machine, user and architecture. */
export const MYSQL_FOLDER: string = join(tmpdir(), `cuedot-mysql-${process.arch}`)

/** What to do where there is no MySQL. */
export const MYSQL_ADVICE: string =
  'run `node --conditions=cuedot-source scripts/services.ts` as root on Debian for x64, ' +
  'or put mysqld on the path'

/** The server on the path, or the one that was fetched; `undefined` where there is none. */
export function findMysql(): MysqlProgram | undefined {
  const installed = findProgram('mysqld')
  const own = installed === undefined ? undefined : asMysql(installed, [])
  return own ?? (isOurs(MYSQL_FOLDER) ? programIn(MYSQL_FOLDER) : undefined)
}

/** The server in a folder into which its packages were extracted, with their own libraries. */
export function programIn(folder: string): MysqlProgram | undefined {
  const { command, args } = extractedProgram(folder, 'usr/sbin/mysqld')
  const usr = join(folder, 'usr')
  const share = join(usr, 'share/mysql')
  return asMysql(command, [
    ...args,
    ...['--no-defaults', `--basedir=${usr}`, `--lc-messages-dir=${share}`],
    ...[`--character-sets-dir=${join(share, 'charsets')}`],
    `--plugin-dir=${join(usr, 'lib/mysql/plugin')}`,
  ])
}

/** MariaDB brings a `mysqld`, too. */
function asMysql(command: string, args: readonly string[]): MysqlProgram | undefined {
  const all = args.length === 0 ? ['--no-defaults'] : args
  try {
    const said = execFileSync(command, [...all, '--version'], { encoding: 'utf8', stdio: 'pipe' })
    const version = /Ver (\d\S*)/.exec(said)?.[1]
    if (version === undefined || /mariadb/i.test(said)) return undefined
    return { command, args: all, version }
  } catch {
    // Not there, or not for this machine: the next candidate may do.
    return undefined
  }
}
