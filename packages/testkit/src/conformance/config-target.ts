import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { isRotatorError } from '../../../rotator/src/errors.ts'
import type { Call } from '../../../rotator/src/ports/call.ts'
import type { ConfigTarget } from '../../../rotator/src/ports/config-target.ts'

/** One config target with the real thing that it writes to. */
export interface ConfigTargetFixture extends AsyncDisposable {
  readonly target: ConfigTarget
  /** Which optional parts of a credential the thing holds. */
  readonly carries: readonly ('host' | 'port' | 'dbname')[]
  /** All that consumers see there: the file's bytes, the Secret's data. Compared by `toEqual`. */
  everything(): Promise<unknown>
  /** What `everything` must be once a credential of letters, digits, `.` and `-` is written. */
  expected(credential: Credential): unknown
  /** Changes with every write, also of equal content: inode and mtime, resourceVersion. */
  stamp(): Promise<string>
  /** Mode and owner, or whatever else must outlive a write. */
  attributes(): Promise<unknown>
  /** Whatever a write may leave behind, by name: temp files. */
  leftovers(): Promise<readonly string[]>
  /** Makes writes fail until disposed; or says why that cannot be arranged here. */
  breakWrites(): Promise<AsyncDisposable | string>
  /** Takes the thing away. */
  remove(): Promise<void>
}

/** Starts a fixture that holds the credential. */
export type StartConfigTarget = (initial: Credential) => Promise<ConfigTargetFixture>

/** Passwords that careless writers break. A target holds each of them or refuses it. */
export const AWKWARD_PASSWORDS: readonly string[] = [
  'a\\1b',
  '\\g<1>',
  "a'b",
  'a"b',
  '$x',
  '${x}',
  '`id`',
  '$(id)',
  'ends with a backslash\\',
  "'; system('id'); //",
  '<?php ?>',
  'a#b',
  ' a b ',
  'a\nb',
  'a\r\nb',
  'a\tb',
  'a\u0000b',
  '\u{1f600}\u{20bb7}',
  'é\u00a0\u2028',
  '\ud800',
  '\'"\\$`',
  '%s$&$1',
]

const A = credential('cue_a', 'first-password-1', 'db-a.internal', 3306)
const B = credential('cue_b', 'second-password-2', 'db-b.internal', 3307)

function credential(username: string, password: string, host: string, port: number): Credential {
  return { username, password: new Sensitive(password, 'password'), host, port, dbname: 'openemr' }
}

function call(): Call {
  return { signal: AbortSignal.timeout(30_000) }
}

/**
 * Registers the tests that every `ConfigTarget` adapter passes, on the real thing.
 * @param name - what is written to, for the report
 * @param start - called by every test; what it returns is disposed at the test's end
 */
export function configTargetConformance(name: string, start: StartConfigTarget): void {
  describe(`a config target: ${name}`, () => {
    readTests(start)
    writeTests(start)
    failureTests(start)
    awkwardTests(start)
  })
}

function readTests(start: StartConfigTarget): void {
  test('finds the credential that consumers find', async () => {
    await using fixture = await start(A)
    await expectHolds(fixture, A)
    await expectUnchanged(fixture, A)
  })

  test('says that a thing which is not there is missing', async () => {
    await using fixture = await start(A)
    await fixture.remove()
    const missing = { code: 'ERR_TARGET_MISSING' }
    await expect(fixture.target.read(call())).rejects.toMatchObject(missing)
    await expect(fixture.target.write(B, call())).rejects.toMatchObject(missing)
    expect(await fixture.leftovers()).toEqual([])
  })
}

function writeTests(start: StartConfigTarget): void {
  test('changes the credential and nothing else', async () => {
    await using fixture = await start(A)
    const attributes = await fixture.attributes()
    await fixture.target.write(B, call())
    expect(await fixture.everything()).toEqual(fixture.expected(B))
    expect(await fixture.attributes()).toEqual(attributes)
    expect(await fixture.leftovers()).toEqual([])
    await expectHolds(fixture, B)
  })

  test('does not write what is already there', async () => {
    await using fixture = await start(A)
    const stamp = await fixture.stamp()
    await fixture.target.write(A, call())
    expect(await fixture.stamp()).toBe(stamp)
    await fixture.target.write(B, call())
    expect(await fixture.stamp()).not.toBe(stamp)
  })

  test('restores the first bytes when the first credential is written again', async () => {
    await using fixture = await start(A)
    const first = await fixture.everything()
    await fixture.target.write(B, call())
    await fixture.target.write(A, call())
    expect(await fixture.everything()).toEqual(first)
  })

  test('keeps the database that is named when the credential names none', async () => {
    await using fixture = await start(A)
    await fixture.target.write({ ...B, dbname: '' }, call())
    expect(await fixture.everything()).toEqual(fixture.expected(B))
  })

  test('shows readers the old or the new credential and never a mixture', async () => {
    await using fixture = await start(A)
    const allowed = [fixture.expected(A), fixture.expected(B)]
    const writing = new AbortController()
    const writer = (async () => {
      for (let round = 0; round < 40; round += 1)
        await fixture.target.write(round % 2 === 0 ? B : A, call())
    })().finally(() => writing.abort())
    const seen: unknown[] = []
    while (!writing.signal.aborted) seen.push(await fixture.everything())
    await writer
    expect(seen.length).toBeGreaterThan(1)
    for (const snapshot of seen) expect(allowed).toContainEqual(snapshot)
  })
}

function failureTests(start: StartConfigTarget): void {
  test('leaves everything as it was when a write fails', async ({ skip }) => {
    await using fixture = await start(A)
    const broken = await fixture.breakWrites()
    if (typeof broken === 'string') return skip(broken)
    const error = await fixture.target.write(B, call()).catch((cause: unknown) => cause)
    await broken[Symbol.asyncDispose]()
    expect(isRotatorError(error) && error.code).toMatch(/^ERR_(?:TARGET|OUTCOME|KUBERNETES)_/)
    expect(inspect(error, { depth: 9 })).not.toContain(B.password.reveal())
    await expectUnchanged(fixture, A)
    await fixture.target.write(B, call())
    await expectHolds(fixture, B)
  })

  test('changes nothing for a call that is over', async () => {
    await using fixture = await start(A)
    const over: Call = { signal: AbortSignal.abort(new Error('over')) }
    await expect(fixture.target.read(over)).rejects.toThrow('over')
    await expect(fixture.target.write(B, over)).rejects.toThrow('over')
    await expectUnchanged(fixture, A)
  })
}

function awkwardTests(start: StartConfigTarget): void {
  test.for(AWKWARD_PASSWORDS.map((text) => [JSON.stringify(text), text] as const))(
    'holds the password %s faithfully or refuses it untouched',
    async ([, text]) => {
      await using fixture = await start(A)
      const first = await fixture.everything()
      const awkward = { ...B, password: new Sensitive(text, 'password') }
      const error = await fixture.target.write(awkward, call()).catch((cause: unknown) => cause)
      if (error === undefined) {
        await expectHolds(fixture, awkward)
        await fixture.target.write(A, call())
      } else {
        expect(isRotatorError(error) && error.code).toBe('ERR_TARGET_UNPARSABLE')
        expect(inspect(error, { depth: 9 })).not.toContain(text)
      }
      expect(await fixture.everything()).toEqual(first)
      expect(await fixture.leftovers()).toEqual([])
    },
  )
}

async function expectHolds(fixture: ConfigTargetFixture, wanted: Credential): Promise<void> {
  const found = await fixture.target.read(call())
  expect({ ...found, password: found.password.reveal() }).toEqual({
    username: wanted.username,
    password: wanted.password.reveal(),
    ...Object.fromEntries(fixture.carries.map((part) => [part, wanted[part]])),
  })
}

async function expectUnchanged(fixture: ConfigTargetFixture, was: Credential): Promise<void> {
  expect(await fixture.everything()).toEqual(fixture.expected(was))
  expect(await fixture.leftovers()).toEqual([])
}
