import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createKeyFile } from '../../../rotator/src/adapters/file-store/key-file.ts'
import { secretsManagerAdmin } from '../fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../fakes/secrets-manager.ts'
import { pointName } from './channel.ts'
import { startCli } from './process.ts'
import type { CliOptions } from './process.ts'

async function place(): Promise<Pick<CliOptions, 'dir' | 'cache'>> {
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-process-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return { dir, cache: join(dir, 'cache') }
}

test('a process that outlives its limit is killed, and says that it hung', async () => {
  const { ended } = startCli(['status'], { ...(await place()), limitMs: 1 })
  expect(await ended).toMatchObject({ code: null, hung: true })
})

test('a process that is frozen when its limit is over is killed, too', async () => {
  const cli = startCli(['status'], { ...(await place()), limitMs: 200 })
  cli.child.kill('SIGSTOP')
  expect(await cli.ended).toMatchObject({ code: null, hung: true })
})

test('a process that ends by itself has not hung', async () => {
  const { ended } = startCli(['status'], await place())
  expect(await ended).toMatchObject({ code: 2, hung: false })
})

/** Two targets whose secrets are nowhere, so that a look at each fails at its first call. */
const CONFIG = `version: 1
targets:
  one:
    strategy: single-user
    store: { kind: file, path: one.cuedot, key_file: key }
    database: { engine: postgres, endpoints: ["127.0.0.1:1"], dbname: app, tls: off }
  two:
    strategy: single-user
    store: { kind: file, path: two.cuedot, key_file: key }
    database: { engine: postgres, endpoints: ["127.0.0.1:1"], dbname: app, tls: off }
`

test('no point is passed twice by a process that works on two targets', async () => {
  const at = await place()
  await createKeyFile(join(at.dir, 'key'))
  await writeFile(join(at.dir, 'cuedot.yaml'), CONFIG)
  const points: string[] = []
  const { ended } = startCli(['status', '--all'], {
    ...{ ...at, plan: { hold: 'none' } },
    arrived: (arrival) => points.push(pointName(arrival)),
  })
  const { stdout, stderr } = await ended
  expect(points.length, stdout + stderr).toBeGreaterThan(3)
  expect(new Set(points).size).toBe(points.length)
})

test('what cuedot openemr reads before it has targets passes gates, too', async () => {
  const at = await place()
  const [admin, B] = ['dbadmin', 'openemr_b'].map((username) => ({ ...SLOT, username }))
  await using server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  await using vault = await startSecretsManager()
  const secrets = secretsManagerAdmin(vault.endpoint)
  const { port } = server.address() as AddressInfo
  await secrets.createSecret('admin', JSON.stringify({ ...admin, port }))
  await secrets.createSecret('slots', JSON.stringify({ active_slot: 'A', A: SLOT, B }))
  await mkdir(join(at.dir, 'default'))
  await writeFile(join(at.dir, 'default/sqlconf.php'), '<?php\n')
  const points: string[] = []
  const { ended } = startCli(['openemr', '--log-json'], {
    ...{ ...at, plan: { hold: 'none' }, config: false },
    env: {
      ...{ AWS_ENDPOINT_URL_SECRETS_MANAGER: vault.endpoint, OPENEMR_SITES_MOUNT_ROOT: at.dir },
      ...{ RDS_SLOT_SECRET_ID: 'slots', RDS_ADMIN_SECRET_ID: 'admin' },
      ...{ OPENEMR_ECS_CLUSTER: 'openemr', OPENEMR_ECS_SERVICE: 'web' },
    },
    arrived: (arrival) => points.push(pointName(arrival)),
  })
  const { code, stdout } = await ended
  expect(code, stdout).toBe(1)
  expect(points).toEqual([
    ...['before opened.read 1', 'after opened.read 1'],
    ...['before opened.version 1', 'after opened.version 1'],
    ...['before dropIn.detectMysqlFamily 1', 'after dropIn.detectMysqlFamily 1'],
  ])
})

const SLOT = { username: 'openemr_a', password: 'a', host: 'localhost', port: 1, dbname: 'openemr' }
