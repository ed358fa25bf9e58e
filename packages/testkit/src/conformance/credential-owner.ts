import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { CredentialOwner, OwnerState } from '../../../rotator/src/ports/credential-owner.ts'
import { codeOf, soon } from './database-fixture.ts'

/** An owner with a credential, as the conformance suite needs it. */
export interface CredentialOwnerFixture extends AsyncDisposable {
  /** The owner of the secret, as a new process makes it. */
  owner(): CredentialOwner
  /** One that exists and does not own the secret. */
  stranger(): CredentialOwner
  /** One that does not exist. */
  missing(): CredentialOwner
  /** The owner, and a secret that is nobody's. */
  unowned(): CredentialOwner
  /** The id of the current version of the secret. */
  current(): Promise<string>
  /** True when a rotation stays under way until `finish`; else it is over at once. */
  readonly holds: boolean
  /** Lets a rotation that is under way come to its end. */
  finish(): Promise<void>
}

/**
 * Registers the tests that every `CredentialOwner` adapter passes.
 * @param start - called by every test; what it returns is disposed at the test's end
 */
export function credentialOwnerConformance(
  name: string,
  start: () => Promise<CredentialOwnerFixture>,
): void {
  describe(`a credential owner: ${name}`, () => {
    test('is ready, then busy with the one rotation that was asked for, then ready', async () => {
      await using fixture = await start()
      const owner = fixture.owner()
      expect((await atRest(owner)).state).toBe('ready')
      const before = await fixture.current()
      await owner.rotate(soon())
      if (fixture.holds) expect((await fixture.owner().state(soon())).state).toBe('busy')
      await fixture.finish()
      const { state, says } = await atRest(owner)
      expect(state).toBe('ready')
      expect(says).not.toBe('')
      expect(await fixture.current()).not.toBe(before)
    })

    test('is a stranger to a secret that it does not name', async () => {
      await using fixture = await start()
      expect((await fixture.stranger().state(soon())).state).toBe('stranger')
      expect((await fixture.unowned().state(soon())).state).toBe('stranger')
      expect(await codeOf(fixture.unowned().rotate(soon()))).toBe('ERR_OWNER_UNKNOWN')
    })

    test('that does not exist is ERR_OWNER_UNKNOWN', async () => {
      await using fixture = await start()
      expect(await codeOf(fixture.missing().state(soon()))).toBe('ERR_OWNER_UNKNOWN')
      expect(await codeOf(fixture.missing().rotate(soon()))).toBe('ERR_OWNER_UNKNOWN')
    })

    test('says how patient to be', async () => {
      await using fixture = await start()
      const { limitMs, pollMs, doubtMs } = fixture.owner()
      expect(pollMs).toBeGreaterThan(0)
      expect(limitMs).toBeGreaterThanOrEqual(pollMs)
      expect(doubtMs).toBeGreaterThanOrEqual(0)
    })
  })
}

const MOST_LOOKS = 100

/** What the owner says once it is no longer busy. */
async function atRest(owner: CredentialOwner): Promise<OwnerState> {
  for (let look = 0; look < MOST_LOOKS; look++) {
    const state = await owner.state(soon())
    if (state.state !== 'busy') return state
    await wait(owner.pollMs)
  }
  throw new Error('the owner stays busy')
}
