import { execFile, execFileSync } from 'node:child_process'
import { existsSync, globSync, lstatSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { makeOnce } from './mysql-process.ts'
import { findProgram } from './programs.ts'

const run = promisify(execFile)

/** Where the full server package has its plugins. */
const INSTALLED: readonly string[] = ['/usr/lib/mysql/plugin', '/usr/lib/mariadb/plugin']
/** The package with the plugins; installing it would start a service, so it is only extracted. */
const PACKAGE = 'mariadb-server'
const LIMIT_MS = 120_000

/**
 * The folder with MariaDB's loadable plugins (`server_audit`, `sql_errlog`,
 * `simple_password_check`); `undefined`, and said so on stderr, where there is none. On Debian and
 * Ubuntu they are fetched once into a folder for temporary files, in the version of the installed
 * server: 4 MB.
 */
export async function mariadbPlugins(): Promise<string | undefined> {
  const installed = INSTALLED.find((folder) => existsSync(join(folder, 'server_audit.so')))
  if (installed !== undefined) return installed
  try {
    return await fetched()
  } catch {
    console.warn('no tests with MariaDB’s plugins: installing mariadb-server brings them')
    return undefined
  }
}

async function fetched(): Promise<string> {
  const server = findProgram('mariadbd')
  if (server === undefined) throw new Error('there is no MariaDB')
  const version = installedVersion()
  const folder = join(tmpdir(), `cuedot-mariadb-plugins-${version.replaceAll(/[^\w.]/g, '_')}`)
  await makeOnce(folder, async (fresh) => {
    await mkdir(fresh, { mode: 0o755 })
    const cwd = dirname(fresh)
    const options = { cwd, timeout: LIMIT_MS }
    await run('apt-get', ['download', `${PACKAGE}=${version}`], options)
    const [archive = ''] = globSync(join(cwd, `${PACKAGE}_*.deb`))
    await run('dpkg-deb', ['-x', archive, fresh], options)
  })
  if (!isOurs(folder)) throw new Error(`${folder} is not ours`)
  return join(folder, 'usr/lib/mysql/plugin')
}

function installedVersion(): string {
  const query = ['-W', '-f', '${Version}', 'mariadb-server-core']
  return execFileSync('dpkg-query', query, { encoding: 'utf8', stdio: 'pipe' }).trim()
}

/** Others may write to the folder for temporary files, and the server loads what is in ours. */
function isOurs(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false })
  if (found === undefined || !found.isDirectory()) return false
  return found.uid === process.getuid?.() && (found.mode & 0o022) === 0
}
