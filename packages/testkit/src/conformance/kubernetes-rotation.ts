import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresRig } from '../rig/postgres.ts'
import { startRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'
import {
  createDeployment,
  DEPLOYMENT,
  openemrRules,
  patchDeployment,
  revisionOf,
} from './kubernetes-deployment.ts'
import type { KubernetesFixture, StartKubernetes } from './kubernetes-fixture.ts'
import { createSecret, OPENEMR_KEYS, readSecret, SECRET } from './kubernetes-secret.ts'

const WORKER = fileURLToPath(new URL('kubernetes-worker.ts', import.meta.url))
const NODE = [process.execPath, '--conditions=cuedot-source']
const KEYS = { username: OPENEMR_KEYS.username, password: OPENEMR_KEYS.password }

/** A database, a secret store and a cluster that runs an application. */
interface World extends AsyncDisposable {
  readonly rig: Rig
  readonly kubernetes: KubernetesFixture
  /** What the pods have noted: the user, and `ok` or why not. */
  notes(): Promise<readonly string[]>
}

/**
 * Registers rotations with the real command line, a real PostgreSQL and pods that are processes:
 * each holds the credential that its environment had when it was started, from the Secret.
 */
export function kubernetesRotationSuite(name: string, start: StartKubernetes): void {
  describe(`a rotation of an application on ${name}`, () => {
    let world: World
    beforeAll(async () => {
      world = await startWorld(start)
    })
    afterAll(() => world[Symbol.asyncDispose]())

    test('E2: is not noticed by pods that hold a credential until they are replaced', async () => {
      const { rig, kubernetes } = world
      const users: string[] = []
      for (let turn = 0; turn < 2; turn += 1) {
        const { code, stderr } = await rig.cuedot(['rotate', '--json']).ended
        expect(code, stderr).toBe(0)
        users.push(await userOf(kubernetes))
        await expectAllOn(world, users[turn] ?? '')
      }
      expect(new Set(users)).toEqual(new Set(['app_a', 'app_b']))
      expect(await failures(world)).toEqual([])
      expect(await revisionOf(kubernetes)).toBe(3)
    })

    test('I5: goes on with the same roll after it was killed in the midst of it', async () => {
      const { rig, kubernetes } = world
      const before = await revisionOf(kubernetes)
      const { ended } = rig.cuedot(['rotate', '--log-json'], (line, child) => {
        if (line.includes('STEP_WAITING') && line.includes('"roll"')) child.kill('SIGKILL')
      })
      const killed = await ended
      expect(killed.code, killed.stdout + killed.stderr).toBeNull()
      const { code, stderr } = await rig.cuedot(['rotate', '--json']).ended
      expect(code, stderr).toBe(0)
      expect(await revisionOf(kubernetes)).toBe(before + 1)
      await expectAllOn(world, await userOf(kubernetes))
      expect(await failures(world)).toEqual([])
    })

    test('is turned back when its pods do not come up, and nobody is cut off', async () => {
      const { rig, kubernetes } = world
      const user = await userOf(kubernetes)
      await patchDeployment(kubernetes, { spec: { progressDeadlineSeconds: 1 } })
      await kubernetes.setPods('image-missing')
      let healed: Promise<void> | undefined
      const { ended } = rig.cuedot(['rotate', '--log-json'], (line) => {
        if (line.includes('"turn"')) healed ??= heal(kubernetes)
      })
      const { code, stdout, stderr } = await ended
      await healed
      expect(code, stdout + stderr).toBe(4)
      expect(stdout).toContain('web does not come up on the new credential')
      expect(await userOf(kubernetes)).toBe(user)
      await expectAllOn(world, user)
      expect(await failures(world)).toEqual([])
    })
  })
}

async function startWorld(start: StartKubernetes): Promise<World> {
  await using starting = new AsyncDisposableStack()
  // Removed last: pods write to it until they are ended.
  const folder = await mkdtemp(join(tmpdir(), 'cuedot-pods-'))
  starting.defer(() => rm(folder, { recursive: true, force: true }))
  const kubernetes = starting.use(await start())
  const engine = await postgresRig()
  const kubeconfig = await kubernetes.userWith(openemrRules())
  const place = { namespace: kubernetes.namespace, kubeconfig }
  const secret = { id: 'secret', kind: 'kubernetes-secret', name: SECRET, keys: KEYS, ...place }
  const pace = { limit: '60s', poll: '100ms' }
  const web = { id: 'web', kind: 'kubernetes-deployment', name: DEPLOYMENT, ...pace, ...place }
  const rig = await startRig(engine, 'alternating', { target: { publish: [secret], roll: [web] } })
  starting.use(rig)
  await createSecret(kubernetes, engine.slots.A)
  const file = join(folder, 'notes')
  await writeFile(file, '')
  await createDeployment(kubernetes, {
    replicas: 2,
    command: [...NODE, WORKER],
    env: environment({ port: engine.port, ca: engine.caFile, file }),
  })
  const running = starting.move()
  return {
    rig,
    kubernetes,
    notes: async () => (await readFile(file, 'utf8')).trim().split('\n'),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function environment({ port, ca, file }: { port: number; ca: string; file: string }): object[] {
  const fromSecret = (key: string): object => ({ secretKeyRef: { name: SECRET, key } })
  return [
    { name: 'DB_USER', valueFrom: fromSecret(KEYS.username) },
    { name: 'DB_PASSWORD', valueFrom: fromSecret(KEYS.password) },
    { name: 'DB_PORT', value: String(port) },
    { name: 'DB_CA', value: ca },
    { name: 'NOTES', value: file },
  ]
}

/** Pods come up again, and have the time for it. */
async function heal(kubernetes: KubernetesFixture): Promise<void> {
  await kubernetes.setPods('ready')
  await patchDeployment(kubernetes, { spec: { progressDeadlineSeconds: 600 } })
}

/** The user that consumers find in the Secret. */
async function userOf(kubernetes: KubernetesFixture): Promise<string> {
  const data = (await readSecret(kubernetes))['data'] as Readonly<Record<string, string>>
  return Buffer.from(data[KEYS.username] ?? '', 'base64').toString('utf8')
}

/** From now on every pod works as this user. */
async function expectAllOn({ notes }: World, user: string): Promise<void> {
  const before = (await notes()).length
  let after: readonly string[] = []
  while (after.length < 10) {
    await wait(50)
    after = (await notes()).slice(before)
  }
  expect(new Set(after)).toEqual(new Set([`${user} ok`]))
}

async function failures({ notes }: World): Promise<readonly string[]> {
  return (await notes()).filter((note) => !note.endsWith(' ok'))
}
