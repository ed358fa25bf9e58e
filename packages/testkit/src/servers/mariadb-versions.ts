import { execFileSync } from 'node:child_process'
import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extractDebian } from './debian.ts'

/**
 * Fetches MariaDB 11.8 from Debian 13 and extracts it beside the system: 60 MB, once.
 * @returns the folder, for `CUEDOT_TEST_MARIADB`
 * @throws Error when it cannot be had
 */
export async function obtainMariadb118(): Promise<string> {
  const folder = join(tmpdir(), `cuedot-mariadb-11.8-${process.arch}`)
  const problem = await extractDebian({
    packages: ['mariadb-server-core', 'mariadb-client-core'],
    suite: 'trixie',
    folder,
    unused: UNUSED,
    runs: prepared,
  })
  if (problem !== undefined) throw new Error(problem)
  return folder
}

/** What the dependencies bring and the server never opens. */
const UNUSED: readonly string[] = [
  'etc',
  'usr/lib/systemd',
  'usr/lib/udev',
  'usr/lib/x86_64-linux-gnu/{gconv,perl*,security,systemd}',
  'usr/share/{bug,doc,lintian,locale,man,perl*}',
  'var',
]

/** Programs that the installer or a test starts by their path. */
const PROGRAMS: readonly string[] = [
  'usr/sbin/mariadbd',
  'usr/bin/my_print_defaults',
  'usr/bin/resolveip',
]

/** Starts the program beside it with the libraries of its own folder, wherever that is. */
const WRAPPER = `#!/bin/sh
root=$(cd "$(dirname "$0")/../.." && pwd)
libraries=$root/usr/lib/x86_64-linux-gnu
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$0.bin" "$@"
`

/** True when the server runs; puts a script in the place of each program the first time. */
function prepared(folder: string): boolean {
  const server = join(folder, 'usr/sbin/mariadbd')
  try {
    return /mariadb/i.test(versionOf(server))
  } catch {
    // The libraries of this machine are older: the programs have to be started with their own.
  }
  for (const program of PROGRAMS) {
    const path = join(folder, program)
    renameSync(path, `${path}.bin`)
    writeFileSync(path, WRAPPER)
    chmodSync(path, 0o755)
  }
  return /mariadb/i.test(versionOf(server))
}

function versionOf(server: string): string {
  return execFileSync(server, ['--no-defaults', '--version'], { encoding: 'utf8', stdio: 'pipe' })
}
