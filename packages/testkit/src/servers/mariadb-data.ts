import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cloneData, makeOnce } from './mysql-process.ts'
import type { DataFolder, MountData } from './mysql-process.ts'
import { findProgram } from './programs.ts'
import type { TestTls } from './tls.ts'

const run = promisify(execFile)

/** Where the MariaDB programs are, and as whom the server runs. */
export interface MariadbPrograms {
  readonly server: string
  readonly installer: string
  /** The server refuses to run as root; as a normal user it runs as that user. */
  readonly account: string | undefined
  /** Where the programs find their messages and plugins. Default: where they were built for. */
  readonly basedir?: string
}

/**
 * The server that `CUEDOT_TEST_MARIADB` names by a folder of extracted packages, or the one of this
 * machine.
 * @throws Error that says what to install, when MariaDB is not on this machine
 */
export function findMariadb(): MariadbPrograms {
  const account = process.getuid?.() === 0 ? serverAccount() : undefined
  const folder = process.env['CUEDOT_TEST_MARIADB'] ?? ''
  if (folder !== '') {
    const basedir = join(folder, 'usr')
    const installer = join(basedir, 'bin/mariadb-install-db')
    return { server: join(basedir, 'sbin/mariadbd'), installer, account, basedir }
  }
  const server = findProgram('mariadbd')
  const installer = findProgram('mariadb-install-db')
  if (server === undefined || installer === undefined)
    throw new Error('MariaDB is not installed: run `node scripts/services.ts`, which says how')
  return { server, installer, account }
}

/**
 * Whom a server runs as that root starts. `mysql` comes with Debian's full server package only;
 * `nobody` is on every machine.
 */
export function serverAccount(): string {
  return /^mysql:/m.test(readFileSync('/etc/passwd', 'utf8')) ? 'mysql' : 'nobody'
}

/** A fresh folder with an initialised data directory `data`, and the certificates in `tls`. */
export async function makeDataFolder(
  programs: MariadbPrograms,
  options: { readonly tls?: TestTls | undefined; readonly mount?: MountData | undefined },
): Promise<DataFolder> {
  const { account } = programs
  return await cloneData(await goldenData(programs), {
    tls: options.tls,
    mount: options.mount,
    account,
  })
}

/**
 * A data directory as the installer makes it, made once for each server program, user and machine,
 * since copying it takes a quarter of the time.
 */
async function goldenData(programs: MariadbPrograms): Promise<string> {
  const { mtimeMs, size } = statSync(programs.server)
  const facts = [programs.server, mtimeMs, size, process.getuid?.()].join(' ')
  const key = createHash('sha256').update(facts).digest('hex').slice(0, 12)
  const golden = join(tmpdir(), `cuedot-mariadb-golden-${key}`)
  return await makeOnce(golden, async (fresh) => {
    await run(programs.installer, [
      ...['--no-defaults', `--datadir=${fresh}`, '--auth-root-authentication-method=normal'],
      ...['--skip-test-db', '--skip-name-resolve', '--innodb-log-file-size=8M'],
      ...(programs.account === undefined ? [] : [`--user=${programs.account}`]),
      ...basedirArguments(programs),
    ])
  })
}

/** For both programs. */
export function basedirArguments({ basedir }: MariadbPrograms): readonly string[] {
  return basedir === undefined ? [] : [`--basedir=${basedir}`]
}
