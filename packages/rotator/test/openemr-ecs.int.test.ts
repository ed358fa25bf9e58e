import { readFile, stat } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mariadbForOpenemr } from '../../testkit/src/openemr/server.ts'
import type { OpenemrServer } from '../../testkit/src/openemr/server.ts'
import { makeTestTls } from '../../testkit/src/servers/tls.ts'
import type { TestTls } from '../../testkit/src/servers/tls.ts'
import { lastLine, openemrOnEcs } from './openemr-fixture.ts'

let tls: TestTls
let server: OpenemrServer

beforeAll(async () => {
  tls = await makeTestTls()
  server = await mariadbForOpenemr(tls)
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await tls[Symbol.asyncDispose]()
})

describe('cuedot openemr on ECS', () => {
  test('moves the application from A to B and on, with one rollout each', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const { world, ecs } = it
    const before = world.slots()
    const ended = await it.run(['--log-json'])
    expect(ended.stderr).toBe('')
    expect(lastLine(ended)).toMatchObject({ status: 'ok', dry_run: false, active_slot: 'B' })
    expect(ended.code).toBe(0)
    const after = world.slots()
    expect(after.active_slot).toBe('B')
    expect(after['note']).toBe('of the operator')
    expect(after.A.password).not.toBe(before.A.password)
    expect(after.B.password).not.toBe(before.B.password)
    expect(await readFile(world.sqlconf, 'utf8')).toContain(`$pass\t= '${after.B.password}'`)
    expect((await stat(world.sqlconf)).mode & 0o777).toBe(0o644)
    const updates = ecs.calls.filter(({ action }) => action === 'UpdateService')
    expect(updates.map(({ body }) => body)).toEqual([
      { cluster: 'openemr', service: 'web', forceNewDeployment: true },
    ])
    const again = await it.run(['--log-json'])
    expect(lastLine(again)).toMatchObject({ status: 'ok', active_slot: 'A' })
    const { served, failed } = await world.report()
    expect(failed).toEqual([])
    expect(served).toBeGreaterThan(20)
  })
})
