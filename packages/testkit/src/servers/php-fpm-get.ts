import { execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extractDebian, extractedProgram, isOurs } from './debian.ts'
import type { ExtractedProgram } from './debian.ts'

const FOLDER = join(tmpdir(), `cuedot-php-${process.arch}`)

/** PHP-FPM as it is in Debian 13. */
const SERIES = '8.4'

/**
 * Fetches PHP-FPM with opcache and mysqli from Debian 13 and extracts it beside the system, once.
 * @returns why there is none, where it cannot be had
 */
export async function obtainPhpFpm(): Promise<string | undefined> {
  return await extractDebian({
    packages: [`php${SERIES}-fpm`, `php${SERIES}-mysql`, `php${SERIES}-opcache`],
    suite: 'trixie',
    folder: FOLDER,
    unused: UNUSED,
    runs: (folder) => versionIn(folder) !== undefined,
  })
}

/** What to do where there is none. */
export const PHP_FPM_ADVICE: string =
  'run `node --conditions=cuedot-source scripts/services.ts` as root on Debian for x64'

/** What the dependencies bring and PHP-FPM does not open. */
const UNUSED: readonly string[] = [
  'etc',
  'usr/bin',
  'usr/lib/{apache2,systemd,udev}',
  'usr/lib/x86_64-linux-gnu/{gconv,perl*,security,systemd}',
  'usr/share',
  'var',
]

/** PHP-FPM with its version. */
export interface PhpFpm extends ExtractedProgram {
  /** Such as `8.4.16`. */
  readonly version: string
}

/** The PHP-FPM that was fetched, with opcache and mysqli; `undefined` where there is none. */
export function findPhpFpm(): PhpFpm | undefined {
  const version = isOurs(FOLDER) ? versionIn(FOLDER) : undefined
  return version === undefined ? undefined : { ...fpmIn(FOLDER), version }
}

/** What it is and where; `undefined` where there is none. */
export function describePhpFpm(): string | undefined {
  const found = findPhpFpm()
  return found && `PHP-FPM ${found.version} in ${FOLDER}`
}

function fpmIn(folder: string): ExtractedProgram {
  const { command, args } = extractedProgram(folder, `usr/sbin/php-fpm${SERIES}`)
  const [modules = ''] = globSync(join(folder, 'usr/lib/php/2*'))
  const settings = [`extension_dir=${modules}`, 'zend_extension=opcache.so']
  const extensions = ['mysqlnd', 'mysqli'].map((name) => `extension=${name}.so`)
  const given = [...settings, ...extensions].flatMap((one) => ['-d', one])
  return { command, args: [...args, '-n', ...given] }
}

function versionIn(folder: string): string | undefined {
  const { command, args } = fpmIn(folder)
  try {
    const said = execFileSync(command, [...args, '-v'], { encoding: 'utf8', stdio: 'pipe' })
    return /^PHP (\d+\.\d+\.\d+)/m.exec(said)?.[1]
  } catch {
    // Not there, or not for this machine.
    return undefined
  }
}
