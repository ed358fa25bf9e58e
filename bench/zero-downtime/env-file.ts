import { join } from 'node:path'
import { dotenvTarget } from '../../packages/rotator/src/adapters/files/dotenv.ts'
import type { ConfigTarget } from '../../packages/rotator/src/ports/config-target.ts'
import type { Rig } from '../../packages/testkit/src/rig/rig.ts'

/** The path of the file that workers read when they start. */
export function envPath({ dir }: Pick<Rig, 'dir'>): string {
  return join(dir, 'app.env')
}

/** That file, as cuedot writes it; the baselines write it by the same code. */
export function envFile(rig: Pick<Rig, 'dir'>): ConfigTarget {
  const keys = { username: 'DB_USER', password: 'DB_PASSWORD' }
  return dotenvTarget({ id: 'env', path: envPath(rig), keys })
}
