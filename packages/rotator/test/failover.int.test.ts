// Goal: a failover of PostgreSQL in the midst of a rotation ends in a state that is told, the
// application logs in on the new writer, and the next run rotates; so also where the new writer has
// not got what was set on the old one. Method: the real command line, a real hot standby, and an
// address of the writer that moves when the standby is promoted.
import { describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { postgresPair } from '../../testkit/src/rig/postgres-pair.ts'
import type { PostgresPair } from '../../testkit/src/rig/postgres-pair.ts'
import { scramVerifier } from '../src/adapters/postgres/scram.ts'
import { REFUSALS } from '../src/domain/refusals.ts'
import { ERROR_CATALOGUE } from '../src/error-catalogue.ts'
import { outage } from './outage.ts'

/** The moves of the label AWSCURRENT; the first is the flip. */
const FLIP = 'UpdateSecretVersionStage'

describe.concurrent('a failover of PostgreSQL', () => {
  test('is not what a standby at the address of the writer is taken for', async () => {
    const pair = await postgresPair()
    await using open = await outage(pair)
    pair.moveToStandby()
    const before = open.rig.store.log.length
    const run = await open.rotate()
    expect(run.codes[0], run.shown).toBe('ERR_DB_READ_ONLY')
    expect(run.exit).toBe(1)
    expect(run.result.what).toContain('it is a standby')
    expect(run.result.state).toMatch(/changed nothing/)
    expect(run.result.todo).toBe(ERROR_CATALOGUE.ERR_DB_READ_ONLY.hint)
    const calls = open.rig.store.log.slice(before)
    expect(calls.filter((call) => /^(?:Put|Update)/.test(call))).toEqual([])
    await open.expectApplicationLogsIn()
    await pair.standby.promote()
    await open.expectConverges()
  })

  test('before the flip is passed: the run goes on with the new writer', async () => {
    const pair = await postgresPair()
    await using open = await outage(pair)
    const failedOver = failOverAt(pair, open.rig.store, FLIP)
    const run = await open.rotate()
    await failedOver
    expect(run.exit, run.shown).toBe(0)
    expect(run.codes.join(), run.shown).toMatch(/ERR_DB_UNREACHABLE|ERR_OUTCOME_UNKNOWN/)
    await open.expectApplicationLogsIn()
    await open.expectConverges()
  })

  test('that loses the new password before consumers have it is turned back', async () => {
    const pair = await postgresPair()
    await using open = await outage(pair)
    await pair.standby.cutOff()
    const failedOver = failOverAt(pair, open.rig.store, FLIP)
    const run = await open.rotate()
    await failedOver
    expect(run.exit, run.shown).toBe(4)
    expect(run.result.state).toMatch(/^Slot A is active and logs in\. No rotation is open\./)
    await open.expectApplicationLogsIn()
    await open.expectConverges()
  })

  test('that loses the new password when consumers have it is turned back', async () => {
    const pair = await postgresPair()
    await using open = await outage(pair, async () => {
      pair.moveToStandby()
      await pair.standby.promote()
    })
    await pair.standby.cutOff()
    const run = await open.rotate()
    expect(run.exit, run.shown).toBe(4)
    await open.expectApplicationLogsIn()
    await open.expectConverges()
  })

  test('that loses all of a rotation that has ended is refused, not guessed at', async () => {
    const pair = await postgresPair()
    await using open = await outage(pair)
    await pair.standby.cutOff()
    await open.expectConverges()
    await pair.standby.promote()
    pair.moveToStandby()
    const run = await open.rotate()
    expect(run.codes, run.shown).toEqual(['ACTIVE_DENIED'])
    expect(run.exit).toBe(3)
    expect(run.result.todo).toBe(REFUSALS.ACTIVE_DENIED.hint)
    const { B } = (await open.rig.document('AWSCURRENT')) ?? {}
    const verifier = await scramVerifier(new Sensitive(B?.password ?? '', 'of slot B'))
    await pair.standby.ask(`ALTER ROLE app_b PASSWORD '${verifier}'`)
    await open.expectApplicationLogsIn()
    await open.expectConverges()
  })

  test('that leaves the old writer, read-only, at the address stops the run', async () => {
    const pair = await postgresPair()
    await using open = await outage(pair, () => pair.primary.setReadOnly(true))
    const run = await open.rotateUntilTrouble()
    expect(run.codes.join(), run.shown).toContain('ERR_DB_READ_ONLY')
    expect(run.exit).toBe(5)
    expect(run.result.state).toMatch(/Rotation A→B is open\. Logging in now: A and B\./)
    expect(run.result.todo).toContain(ERROR_CATALOGUE.ERR_DB_READ_ONLY.hint)
    await open.expectApplicationLogsIn()
    await pair.standby.promote()
    pair.moveToStandby()
    await open.expectConverges()
  })
})

/**
 * Promotes the standby when the store is asked for this for the first time. As in a failover,
 * connections are cut, and nobody is reached until the address has moved.
 */
function failOverAt(pair: PostgresPair, store: FakeSecretsManager, action: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const failOver = async (): Promise<void> => {
    pair.writer.mode = 'refuse'
    pair.writer.cut()
    await pair.standby.promote()
    pair.moveToStandby()
    pair.writer.mode = 'pass'
  }
  store.fail({ kind: 'throttle', action, struck: () => void failOver().then(resolve, reject) })
  return promise
}
