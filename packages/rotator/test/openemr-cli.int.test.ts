import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cuedot } from './cli-process.ts'
import type { CliResult } from './cli-process.ts'
import { lastLine, openemrOnEcs, useMariadb } from './openemr-fixture.ts'
import { adminOf, putSecret, atRest } from './openemr-hands.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cuedot-sites-'))
  await mkdir(join(root, 'default'))
  await writeFile(join(root, 'default/sqlconf.php'), '<?php\n')
})
afterAll(() => rm(root, { recursive: true, force: true }))

type Env = Readonly<Record<string, string>>

/** `cuedot openemr` where there is neither AWS nor a database. */
async function alone(args: readonly string[], env: Env): Promise<CliResult> {
  return await cuedot(['openemr', ...args], { cwd: root, env })
}

const PLATFORMS: Readonly<Record<string, Env>> = {
  ECS: { OPENEMR_ECS_CLUSTER: 'c', OPENEMR_ECS_SERVICE: 's' },
  EKS: { K8S_NAMESPACE: 'n', K8S_DEPLOYMENT_NAME: 'd', K8S_SECRET_NAME: 'k' },
}

describe('cuedot openemr, which is told by its environment', () => {
  test.each(Object.keys(PLATFORMS))(
    'T11 names each variable that is missing or empty, and all in their order, on %s',
    async (platform) => {
      const full: Env = {
        ...{ AWS_REGION: 'eu-central-1', RDS_SLOT_SECRET_ID: 'slots' },
        ...{ RDS_ADMIN_SECRET_ID: 'admin', OPENEMR_SITES_MOUNT_ROOT: root },
        ...PLATFORMS[platform],
      }
      const names = Object.keys(full)
      const lacking = (name: string, index: number): Env => {
        const { [name]: _gone, ...rest } = full
        return index % 2 === 0 ? rest : { ...full, [name]: '' }
      }
      const ends = await Promise.all(
        names.map((name, index) => alone(['--log-json'], lacking(name, index))),
      )
      const said = (missing: string): string => {
        const error = `Missing required environment variables: ${missing}`
        return `{"status": "error", "error": "${error}"}\n`
      }
      expect(ends.map(({ stdout }) => stdout)).toEqual(names.map(said))
      expect(new Set(ends.map(({ code, stderr }) => `${code} ${stderr}`))).toEqual(new Set(['1 ']))
      const inPod: Env = platform === 'EKS' ? { KUBERNETES_SERVICE_HOST: '10.0.0.1' } : {}
      expect((await alone(['--log-json'], inPod)).stdout).toBe(said(names.join(', ')))
    },
  )

  test('T5 repairs permissions below /mnt/openemr-sites where no mount is named', async () => {
    const ended = await alone(['--fix-permissions', '--dry-run'], {})
    const path = '/mnt/openemr-sites/default/sqlconf.php'
    expect(ended).toMatchObject({ code: 1, stderr: `sqlconf.php not found at ${path}\n` })
    expect(ended.stdout).toBe('')
  })
})

const on = useMariadb()

describe('cuedot openemr, which tells how it ended', () => {
  test('T9 T10 tells of a sync that is looked at, that is done, and that has failed', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const look = await it.run(['--dry-run', '--sync-db-users', '--log-json'])
    expect(lastLine(look)).toMatchObject({ action: 'sync_db_users', dry_run: true, plan: [] })
    const done = await it.run(['--sync-db-users', '--log-json'])
    expect(lastLine(done)).not.toHaveProperty('dry_run')
    expect(lastLine(done)).toMatchObject({ status: 'ok', action: 'sync_db_users' })
    expect(done.code).toBe(0)
    await putSecret(it, 'admin', { ...adminOf(it), port: 1 })
    const failed = await it.run(['--sync-db-users', '--log-json'])
    expect(lastLine(failed)).toMatchObject({ status: 'error', code: 'ERR_DB_UNREACHABLE' })
    expect(failed.code).toBe(1)
    const told = await it.run(['--sync-db-users'])
    expect(told).toMatchObject({ code: 1, stdout: '' })
    expect(told.stderr).toMatch(/^Sync failed: The database could not be reached\./)
  })
})
