import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { chmod, copyFile, cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from './programs.ts'
import type { TestTls } from './tls.ts'

const run = promisify(execFile)

/** Where the MariaDB programs are, and as whom the server runs. */
export interface MariadbPrograms {
  readonly server: string
  readonly installer: string
  /** The server refuses to run as root; as a normal user it runs as that user. */
  readonly account: string | undefined
}

/** @throws Error that says what to install, when MariaDB is not on this machine */
export function findMariadb(): MariadbPrograms {
  const server = findProgram('mariadbd')
  const installer = findProgram('mariadb-install-db')
  if (server === undefined || installer === undefined)
    throw new Error('MariaDB is not installed: run `node scripts/services.ts`, which says how')
  return { server, installer, account: process.getuid?.() === 0 ? serverAccount() : undefined }
}

/** `mysql` comes with Debian's full server package only; `nobody` is on every machine. */
function serverAccount(): string {
  return /^mysql:/m.test(readFileSync('/etc/passwd', 'utf8')) ? 'mysql' : 'nobody'
}

/** A fresh folder with an initialised data directory `data`, and the certificates in `tls`. */
export async function makeDataFolder(
  programs: MariadbPrograms,
  tls: TestTls | undefined,
): Promise<string> {
  const golden = await goldenData(programs)
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-mariadb-'))
  await cp(golden, join(dir, 'data'), { recursive: true })
  if (tls !== undefined) {
    await mkdir(join(dir, 'tls'))
    for (const file of [tls.caFile, tls.certFile, tls.keyFile])
      await copyFile(file, join(dir, 'tls', basename(file)))
  }
  if (programs.account !== undefined) await run('chown', ['-R', programs.account, dir])
  return dir
}

/**
 * A data directory as the installer makes it, made once for each server program, user and machine,
 * since copying it takes a quarter of the time. Another process that makes it at the same time is
 * not in the way: the first to rename wins.
 */
async function goldenData(programs: MariadbPrograms): Promise<string> {
  const { mtimeMs, size } = statSync(programs.server)
  const facts = [programs.server, mtimeMs, size, process.getuid?.()].join(' ')
  const key = createHash('sha256').update(facts).digest('hex').slice(0, 12)
  const golden = join(tmpdir(), `cuedot-mariadb-golden-${key}`)
  if (existsSync(golden)) return golden
  const fresh = await mkdtemp(`${golden}-`)
  await chmod(fresh, 0o755)
  await run(programs.installer, [
    ...['--no-defaults', `--datadir=${fresh}/data`, '--auth-root-authentication-method=normal'],
    ...['--skip-test-db', '--skip-name-resolve', '--innodb-log-file-size=8M'],
    ...(programs.account === undefined ? [] : [`--user=${programs.account}`]),
  ])
  await rename(join(fresh, 'data'), golden).catch((error: unknown) => {
    if (!existsSync(golden)) throw error
  })
  await rm(fresh, { recursive: true, force: true })
  return golden
}
