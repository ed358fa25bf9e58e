import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { readDeployment, revisionOf } from '../../testkit/src/conformance/kubernetes-deployment.ts'
import { readSecret, SECRET } from '../../testkit/src/conformance/kubernetes-secret.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import { lastLine, openemrOnEks, useMysqlOnEks } from './openemr-fixture.ts'
import type { EksWorld } from './openemr-fixture.ts'

/** What pods find in the Secret. */
async function secretOf({ kubernetes }: EksWorld): Promise<Readonly<Record<string, string>>> {
  const { data } = await readSecret(kubernetes)
  const entries = Object.entries(Object(data) as Readonly<Record<string, string>>)
  return Object.fromEntries(
    entries.map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  )
}

describe.skipIf(MYSQL_HERE === undefined)('cuedot openemr on EKS', () => {
  const on = useMysqlOnEks()

  test('T59 T69 T70 T72 moves OpenEMR to B and on to A, with one rollout each', async () => {
    await using it = await openemrOnEks(on().server, on(), { at: 'on-a' })
    const { world, kubernetes } = it
    const ended = await it.run(['--log-json'])
    expect(ended.stderr).toBe('')
    expect(lastLine(ended)).toMatchObject({ status: 'ok', active_slot: 'B', admin: 'rotated' })
    const { B } = world.slots()
    expect(await secretOf(it)).toMatchObject({
      ...{ 'mysql-user': 'openemr_b', 'mysql-password': B.password },
      ...{ 'mysql-host': B.host, 'mysql-database': 'openemr', 'redis-password': 'not ours' },
    })
    expect(await readFile(world.sqlconf, 'utf8')).toContain(`$pass\t= '${B.password}'`)
    const { annotations = {} } = (await readDeployment(kubernetes)).spec.template.metadata
    expect(annotations['credential-rotation/restartedAt']).toMatch(/^[-\d]{10}T[:\d]{8}Z$/)
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ active_slot: 'A' })
    expect(await revisionOf(kubernetes)).toBe(3)
    expect((await world.report()).failed).toEqual([])
  })

  test('T58 R2 a dry run changes nothing and tells each step', async () => {
    await using it = await openemrOnEks(on().server, on(), { at: 'on-b' })
    const { world, kubernetes } = it
    const state = async (): Promise<object> => ({
      accounts: await world.accounts(),
      slots: world.slots(),
      file: await readFile(world.sqlconf, 'latin1'),
      secret: await readSecret(kubernetes),
      deployment: (await readDeployment(kubernetes)).metadata.generation,
    })
    const before = await state()
    const ended = await it.run(['--dry-run', '--log-json'])
    expect(lastLine(ended)['plan']).toEqual([
      ...['open A', 'set A', 'flip A', 'publish A at sqlconf', 'publish A at secret'],
      ...['roll A at deployment', 'drain B', 'stage B', 'retire B', 'close B'],
      ...['admin: open', 'admin: set', 'admin: flip'],
    ])
    expect(await state()).toEqual(before)
  })

  test('puts a Secret right that a deployment script has written over', async () => {
    await using it = await openemrOnEks(on().server, on(), { at: 'on-a' })
    const { world, kubernetes } = it
    const data = { 'mysql-password': Buffer.from('of the first day').toString('base64') }
    const { namespace } = kubernetes
    kubernetes.edit({ resource: 'secrets', namespace, name: SECRET }, { data })
    expect((await it.run(['--sync-db-users'])).code).toBe(0)
    expect((await secretOf(it))['mysql-password']).toBe(world.slots().A.password)
    expect((await world.report()).failed).toEqual([])
  })

  test('names the permission that the Role lacks, with the application where it was', async () => {
    await using it = await openemrOnEks(on().server, on(), { at: 'on-a' })
    const { world, kubernetes } = it
    const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]
    const ended = await it.run(['--log-json'], { KUBECONFIG: await kubernetes.userWith(rules) })
    expect(ended.code).toBe(1)
    expect(lastLine(ended)['error']).toContain('needs: get deployments')
    expect((await world.report()).failed).toEqual([])
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ status: 'ok' })
    expect((await world.report()).failed).toEqual([])
  })
})
