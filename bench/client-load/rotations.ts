import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { RotationMachine } from '../../packages/testkit/src/fakes/rds-rotation.ts'
import { secretsManagerAdmin } from '../../packages/testkit/src/fakes/secrets-manager-admin.ts'
import type { Rig } from '../../packages/testkit/src/rig/rig.ts'

/** By what a credential is rotated. */
export const KINDS = ['alternating', 'template', 'managed'] as const

/** One of {@link KINDS}. */
export type Kind = (typeof KINDS)[number]

/** A secret that the pools follow, and how it is rotated once. */
export interface Rotation {
  readonly secretId: string
  rotate(): Promise<void>
}

/** What every rotation works with. */
export interface Ground {
  readonly rig: Rig
  readonly setPassword: (username: string, password: string) => Promise<void>
}

/**
 * For how long the database has the new password before AWSCURRENT says so: the template tries the
 * password in between, in a Lambda function of its own.
 */
const WINDOW_MS = 2_000

/** A rotation of this kind, ready to begin. */
export async function rotationOf(kind: Kind, ground: Ground): Promise<Rotation> {
  if (kind === 'alternating') return alternating(ground)
  return kind === 'template' ? await template(ground) : managed(ground)
}

/** `cuedot rotate`: the client is the only one that follows. */
function alternating({ rig }: Ground): Rotation {
  return {
    secretId: 'rig/slots',
    async rotate() {
      const { code, stderr } = await rig.cuedot(['rotate', '--json']).ended
      if (code !== 0) throw new Error(`cuedot rotate ended with ${code}: ${stderr}`)
    },
  }
}

/** The four steps of AWS's single-user template: stage, set, test, and only then the label. */
async function template({ rig, setPassword }: Ground): Promise<Rotation> {
  const { username, password, host, port, dbname } = rig.engine.slots.A
  const admin = secretsManagerAdmin(rig.store.endpoint)
  const document = { username, host, port, dbname }
  const secretId = 'app'
  await admin.createSecret(secretId, JSON.stringify({ ...document, password: password.reveal() }))
  return {
    secretId,
    async rotate() {
      const next = randomBytes(15).toString('hex')
      const token = crypto.randomUUID()
      const { VersionId: before } = await admin.call('GetSecretValue', { SecretId: secretId })
      await admin.call('PutSecretValue', {
        ...{ SecretId: secretId, ClientRequestToken: token, VersionStages: ['AWSPENDING'] },
        SecretString: JSON.stringify({ ...document, password: next }),
      })
      await setPassword(username, next)
      await pause(WINDOW_MS)
      await admin.call('UpdateSecretVersionStage', {
        ...{ SecretId: secretId, VersionStage: 'AWSCURRENT' },
        ...{ MoveToVersionId: token, RemoveFromVersionId: String(before) },
      })
    },
  }
}

/**
 * As RDS rotates a managed secret, which has nothing but user and password. For how long the
 * database is ahead of AWSCURRENT, AWS does not say: as long as with the template.
 */
function managed({ rig, setPassword }: Ground): Rotation {
  const { username, password } = rig.engine.slots.B
  const secret = 'rds!db-bench'
  const secrets = rig.store.managed
  secrets.create(secret, JSON.stringify({ username, password: password.reveal() }), {
    ...{ service: 'rds', tag: 'aws:rds:primaryDBInstanceArn' },
    resource: 'arn:aws:rds:eu-central-1:123456789012:db:bench',
  })
  const machine = new RotationMachine({ secrets, secret, username, setPassword })
  return {
    secretId: secret,
    async rotate() {
      machine.holdAt('set')
      machine.begin()
      await machine.reached('set', machine.count)
      await pause(WINDOW_MS)
      machine.release()
      await machine.reached('over', machine.count)
    },
  }
}
