import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extractDebian, extractedProgram, isOurs } from './debian.ts'
import type { ExtractedProgram } from './debian.ts'

/** What stands between applications and databases and can be started here. */
export type PoolerName = 'pgbouncer' | 'haproxy'

const FOLDER = join(tmpdir(), `cuedot-poolers-${process.arch}`)

/**
 * Fetches PgBouncer and HAProxy from Debian 13 and extracts them beside the system: 28 MB, once.
 * @returns why there are none, where they cannot be had
 */
export async function obtainPoolers(): Promise<string | undefined> {
  return await extractDebian({
    packages: ['pgbouncer', 'haproxy'],
    suite: 'trixie',
    folder: FOLDER,
    unused: UNUSED,
    runs: (folder) => versionIn(folder, 'pgbouncer') !== undefined,
  })
}

/** What the dependencies bring and neither program opens. */
const UNUSED: readonly string[] = [
  'etc',
  'usr/bin',
  'usr/lib/systemd',
  'usr/lib/udev',
  'usr/lib/x86_64-linux-gnu/{gconv,perl*,security,systemd}',
  'usr/share',
  'var',
]

/** The pooler that was fetched; `undefined` where there is none. */
export function findPooler(name: PoolerName): ExtractedProgram | undefined {
  if (!isOurs(FOLDER) || !existsSync(join(FOLDER, 'usr/sbin', name))) return undefined
  return extractedProgram(FOLDER, `usr/sbin/${name}`)
}

/** What the pooler says of itself, such as `1.24.1`; without it tests say why they are left out. */
export function poolerHere(name: PoolerName): string | undefined {
  const version = isOurs(FOLDER) ? versionIn(FOLDER, name) : undefined
  if (version === undefined) console.warn(`no tests with ${name}: ${POOLERS_ADVICE}`)
  return version
}

/** What to do where there are no poolers. */
export const POOLERS_ADVICE: string =
  'run `node --conditions=cuedot-source scripts/services.ts` as root on Debian for x64'

/** Both, with their versions; `undefined` unless both run. */
export function describePoolers(): string | undefined {
  if (!isOurs(FOLDER)) return undefined
  const [pgbouncer, haproxy] = [versionIn(FOLDER, 'pgbouncer'), versionIn(FOLDER, 'haproxy')]
  if (pgbouncer === undefined || haproxy === undefined) return undefined
  return `PgBouncer ${pgbouncer}, HAProxy ${haproxy} in ${FOLDER}`
}

function versionIn(folder: string, name: PoolerName): string | undefined {
  const { command, args } = extractedProgram(folder, `usr/sbin/${name}`)
  const flag = name === 'haproxy' ? '-v' : '--version'
  try {
    const said = execFileSync(command, [...args, flag], { encoding: 'utf8', stdio: 'pipe' })
    return /\d+\.\d+\.\d+/.exec(said)?.[0]
  } catch {
    // Not there, or not for this machine.
    return undefined
  }
}
