import { extractDebian } from './debian.ts'
import { MYSQL_FOLDER, findMysql, programIn } from './mysql-program.ts'

/**
 * Fetches MySQL's server with all its libraries and extracts it into {@link MYSQL_FOLDER}: 60 MB,
 * 10 seconds, once. Does nothing where a server is there already.
 * @returns why there is none, where it cannot be had
 */
export async function obtainMysql(): Promise<string | undefined> {
  if (findMysql() !== undefined) return undefined
  return await extractDebian({
    packages: ['mysql-server-core'],
    // The one suite of Debian that has MySQL.
    suite: 'sid',
    folder: MYSQL_FOLDER,
    unused: UNUSED,
    runs: (folder) => programIn(folder) !== undefined,
  })
}

/** What the dependencies bring and the server never opens: two thirds of it all. */
const UNUSED: readonly string[] = [
  'etc',
  'usr/bin',
  'usr/lib/systemd',
  'usr/lib/udev',
  'usr/lib/x86_64-linux-gnu/{gconv,perl,systemd}',
  'usr/share/{bug,doc,lintian,locale,man,perl*}',
]
