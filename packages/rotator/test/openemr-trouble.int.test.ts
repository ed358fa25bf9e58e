import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { chmod, readFile, stat } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { lastLine, openemrOnEcs, useMariadb } from './openemr-fixture.ts'
import { atRest } from './openemr-hands.ts'

const on = useMariadb()

/** A rollout that is still going on when something else happens. */
const SLOW = { service: { times: { settleMs: 4_000 } } }

describe('cuedot openemr in trouble', () => {
  test('R6 a second run is turned away while the first waits for the rollout', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a', ...SLOW })
    const first = it.start(['--log-json'])
    await first.shows('STEP_WAITING')
    const second = await it.run(['--log-json'])
    expect(second.code).toBe(1)
    expect(lastLine(second)).toMatchObject({ status: 'error', code: 'LOCKED', outcome: 'locked' })
    expect(lastLine(second)['error']).toMatch(/another rotator/i)
    expect(lastLine(await first.ended)).toMatchObject({ status: 'ok', active_slot: 'B' })
    expect((await it.world.report()).failed).toEqual([])
  })

  test('R19 SIGTERM in a rollout ends the run, and the next one ends the rotation', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a', ...SLOW })
    const first = it.start(['--log-json'])
    await first.shows('STEP_WAITING')
    first.child.kill('SIGTERM')
    const stopped = await first.ended
    expect(stopped.code).toBe(1)
    expect(lastLine(stopped)).toMatchObject({ status: 'error', code: 'ERR_INTERRUPTED' })
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ status: 'ok', active_slot: 'B' })
    expect((await it.world.report()).failed).toEqual([])
  })

  test('R18 keeps what an operator writes into the secret in the meantime', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a', ...SLOW })
    const { world } = it
    const run = it.start(['--log-json'])
    await run.shows('STEP_WAITING')
    const edited = JSON.stringify({ ...world.slots(), ticket: 'OPS-1' })
    const store = secretsManagerAdmin(world.store.endpoint)
    await store.call('PutSecretValue', { SecretId: 'slots', SecretString: edited })
    expect(lastLine(await run.ended)).toMatchObject({ status: 'ok', active_slot: 'B' })
    expect(world.slots()).toMatchObject({ ticket: 'OPS-1', note: 'of the operator' })
    expect((await world.report()).failed).toEqual([])
  })

  test('R12 leaves a file that only its owner may read as it is', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const { sqlconf } = it.world
    await chmod(sqlconf, 0o400)
    const { uid, gid } = await stat(sqlconf)
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ status: 'ok' })
    const { mode, ...owner } = await stat(sqlconf)
    expect(mode & 0o777).toBe(0o400)
    expect(owner).toMatchObject({ uid, gid })
    expect(await readFile(sqlconf, 'utf8')).toContain("$login\t= 'openemr_b'")
  })

  test.each([
    { status: 200, said: undefined },
    { status: 301, said: undefined },
    { status: 302, said: undefined },
    { status: 500, said: 'WARNING: OpenEMR health probe returned status 500' },
  ])('T79 warns of nothing but an unwell page: $status', async ({ status, said }) => {
    await using page = await pageOf(status)
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const ended = await it.run([], { OPENEMR_HEALTHCHECK_URL: page.url })
    expect(ended.code).toBe(0)
    expect(ended.stdout.includes('WARNING')).toBe(said !== undefined)
    expect(ended.stdout).toContain(said ?? 'Rotation completed successfully')
  })

  test('T79 warns of a page that nobody serves, and is done all the same', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const ended = await it.run([], { OPENEMR_HEALTHCHECK_URL: 'https://127.0.0.1:1' })
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain('WARNING: OpenEMR health probe unreachable (ECONNREFUSED)')
  })
})

/** A page that always answers with this status. */
async function pageOf(status: number): Promise<{ readonly url: string } & AsyncDisposable> {
  const page = createServer((_request, response) => {
    response.writeHead(status).end()
  })
  page.listen(0, '127.0.0.1')
  await once(page, 'listening')
  const { port } = page.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      page.close()
      await once(page, 'close')
    },
  }
}
