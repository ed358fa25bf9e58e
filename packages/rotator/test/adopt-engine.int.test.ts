// Goal: an adoption that is stopped, doubled or disturbed at a chosen moment ends as it should.
// Method: the engine runs in this process on a real server and a real file store, so that something
// can be done at the very moment of an event.
import { join } from 'node:path'
import { Sensitive } from '@cuedot/client/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres } from '../../testkit/src/servers/postgres.ts'
import type { TestPostgres } from '../../testkit/src/servers/postgres.ts'
import { readKeyFile } from '../src/adapters/file-store/key-file.ts'
import { fileStore } from '../src/adapters/file-store/store.ts'
import { composeSystem, composeTarget } from '../src/compose.ts'
import { loadConfig } from '../src/config/load.ts'
import type { RotationEvent } from '../src/domain/events.ts'
import { adopt } from '../src/engine/adopt.ts'
import type { AdoptionOptions, AdoptionResult } from '../src/engine/adopt.ts'
import { run } from '../src/engine/run.ts'
import type { RunResult } from '../src/engine/result.ts'
import type { SecretStore } from '../src/ports/secret-store.ts'
import { makeAdoptWorld } from './adopt-fixture.ts'
import type { AdoptWorld } from './adopt-fixture.ts'

const call = () => ({ signal: AbortSignal.timeout(10_000) })
type OnEvent = (event: RotationEvent, stop: AbortController) => void

describe('an adoption in this process', () => {
  let server: TestPostgres
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())

  const within = async <T>(
    world: AdoptWorld,
    onEvent: OnEvent,
    work: (parts: {
      target: Parameters<typeof adopt>[0]
      env: Parameters<typeof adopt>[2]
    }) => Promise<T>,
  ): Promise<T> => {
    const composed = await composeTarget(
      'app',
      await loadConfig(join(world.dir, 'cuedot.yaml')),
      {},
    )
    const stop = new AbortController()
    const events = { emit: (event: RotationEvent) => onEvent(event, stop) }
    const system = await composeSystem()
    const env = { ...system, events, stop: stop.signal, by: 'test', reason: 'test' }
    try {
      return await work({ target: composed.target, env })
    } finally {
      await composed.release()
    }
  }
  const adopting = (
    world: AdoptWorld,
    onEvent: OnEvent = () => undefined,
    options: AdoptionOptions = {},
  ) => within<AdoptionResult>(world, onEvent, ({ target, env }) => adopt(target, options, env))
  const stopAfterRecord: OnEvent = (event, stop) => {
    if (event.code === 'STEP_APPLIED' && event.step === 'record') stop.abort('SIGTERM')
  }
  const rotating = (world: AdoptWorld) =>
    within<RunResult>(
      world,
      () => undefined,
      ({ target, env }) => run(target, 'rotate', env),
    )
  const storeOf = async (world: AdoptWorld): Promise<SecretStore> => {
    const key = await readKeyFile(join(world.dir, 'keys/key'))
    return fileStore({ path: join(world.dir, 'secrets/app.cuedot'), key })
  }
  const steps = ({ actions }: AdoptionResult): readonly string[] => actions.map(({ step }) => step)

  test('stopped between its two writes, it is finished with what was staged', async () => {
    await using world = await makeAdoptWorld(server)
    const stopped = await adopting(world, stopAfterRecord)
    expect([stopped.outcome, steps(stopped).at(-1)]).toEqual(['stopped', 'record'])
    const store = await storeOf(world)
    const staged = (await store.read(call())).pending
    expect(await rotating(world)).toMatchObject({ outcome: 'failed', code: 'ERR_DOCUMENT_SHAPE' })
    const finished = await adopting(world)
    expect([finished.outcome, steps(finished)]).toEqual(['adopted', ['adopt']])
    expect((await store.read(call())).current.id).toBe(staged?.id)
    expect(steps(await adopting(world))).toEqual([])
    expect(await rotating(world)).toMatchObject({ outcome: 'rotated', activeSlot: 'B' })
  })

  test('staged for another second user, it is staged again for the one named now', async () => {
    await using world = await makeAdoptWorld(server)
    await adopting(world, stopAfterRecord)
    const standby = `${world.user}_two`
    const adopted = await adopting(world, undefined, { standby })
    expect([adopted.outcome, steps(adopted)]).toEqual(['adopted', ['record', 'adopt']])
    expect(await world.document()).toMatchObject({ B: { username: standby } })
  })

  test('what somebody writes into the secret meanwhile is not lost', async () => {
    await using world = await makeAdoptWorld(server)
    const store = await storeOf(world)
    const edits: Promise<void>[] = []
    const edit = async (): Promise<void> => {
      const { current } = await store.read(call())
      const changed = JSON.stringify({ ...JSON.parse(current.value.reveal()), team: 'shipping' })
      const token = 'an-edit-of-an-operator-0123456789'
      const version = await store.stage(new Sensitive(changed, 'edit'), token, call())
      await store.promote(version.id, current.id, call())
    }
    const adopted = await adopting(world, (event) => {
      if (event.code === 'STEP_APPLIED' && event.step === 'login') edits.push(edit())
    })
    await Promise.all(edits)
    expect([edits.length, adopted.outcome]).toEqual([1, 'adopted'])
    expect(await world.document()).toMatchObject({ team: 'shipping', active_slot: 'A' })
  })

  test('a version that somebody else has staged is refused, and nothing was changed', async () => {
    await using world = await makeAdoptWorld(server)
    const store = await storeOf(world)
    const other = { username: world.user, password: 'from-a-rotation-lambda', host: 'db' }
    const value = new Sensitive(JSON.stringify(other), 'other')
    await store.stage(value, 'another-rotation-of-this-secret-01', call())
    const refused = await adopting(world)
    expect(refused).toMatchObject({ outcome: 'refused', code: 'PENDING_FOREIGN', actions: [] })
    expect((await store.read(call())).pending?.value.equals(value)).toBe(true)
  })

  test('while another rotator holds the lock it changes nothing and says who', async () => {
    await using world = await makeAdoptWorld(server)
    const locked = await within(
      world,
      () => undefined,
      async ({ target, env }) => {
        const options = { target: 'app', lock: 'take', holder: 'somebody else' } as const
        await using held = await target.database.admin(server.admin, options, call())
        expect(held.lock.kind).toBe('own')
        return await adopt(target, {}, env)
      },
    )
    expect(locked).toMatchObject({ outcome: 'locked', code: 'LOCKED', actions: [] })
    expect(locked.what).toContain('somebody else')
  })
})
