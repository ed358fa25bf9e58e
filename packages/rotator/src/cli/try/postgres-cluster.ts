import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Sensitive } from '@cuedot/client/protocol'
import { scramVerifier } from '../../adapters/postgres/scram.ts'
import { isReachable, serverUser } from './postgres-binaries.ts'
import type { RunProgram } from './postgres-process.ts'

/** What goes into a new cluster. */
export interface ClusterOptions {
  /** The folder of the server; the cluster becomes its subfolder `data`. */
  readonly dir: string
  /** Password of the superuser `postgres`. */
  readonly password: Sensitive
  /** Lines for postgresql.conf, over the defaults. */
  readonly settings?: Readonly<Record<string, string>>
  /** The whole pg_hba.conf. Default: SCRAM from 127.0.0.1, nothing else. */
  readonly hba?: string
  /** Files to put beside the cluster under these names, readable for the server alone. */
  readonly files?: Readonly<Record<string, string>>
}

/**
 * Makes the folder of a server, for the user who will run it.
 * @throws Error when that user could not reach it
 */
export async function prepareFolder(dir: string): Promise<void> {
  const user = serverUser()
  await mkdir(dir, { recursive: true })
  if (user && !(await isReachable(dirname(dir), user)))
    throw new Error(
      `PostgreSQL does not run as root, and user ${user.uid} cannot reach ${dir}: ` +
        `choose a folder under one that everybody can enter, like /tmp.`,
    )
  await chmod(dir, 0o700)
  if (user) await chown(dir, user.uid, user.gid)
}

/**
 * Runs `initdb` and writes the configuration. The superuser gets a verifier of its password in
 * single-user mode, through a pipe, so that the password is in no file and no argument.
 */
export async function makeCluster(options: ClusterOptions, run: RunProgram): Promise<void> {
  const { dir, password } = options
  const data = join(dir, 'data')
  await run('initdb', [
    ...['--pgdata', data, '--username', 'postgres', '--auth', 'reject'],
    ...['--encoding', 'UTF8', '--no-locale', '--no-sync'],
  ]).succeeded()
  const alter = `ALTER ROLE postgres PASSWORD '${await scramVerifier(password)}'\n`
  await run('postgres', ['--single', '-F', '-D', data, 'postgres'], alter).succeeded()
  for (const [name, text] of Object.entries(options.files ?? {})) await give(join(dir, name), text)
  await writeFile(join(data, 'pg_hba.conf'), options.hba ?? HBA)
  const settings = { ...SETTINGS, ...options.settings }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quote(value)}\n`)
  await writeFile(join(data, 'postgresql.auto.conf'), lines.join(''))
}

const HBA = 'host all all 127.0.0.1/32 scram-sha-256\n'

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  password_encryption: 'scram-sha-256',
}

/** Writes a file that only the user who runs the server can read. */
async function give(path: string, text: string): Promise<void> {
  const user = serverUser()
  await writeFile(path, text, { mode: 0o600 })
  if (user) await chown(path, user.uid, user.gid)
}

/** A value in postgresql.conf: quotes and backslashes are doubled. */
function quote(value: string): string {
  return `'${value.replaceAll(/['\\]/g, '$&$&')}'`
}
