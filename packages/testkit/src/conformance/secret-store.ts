import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import type { Call } from '../../../rotator/src/ports/call.ts'
import { codeOf, soon } from './database-fixture.ts'
import { makeSubject, secret, token } from './secret-store-fixture.ts'
import type { Arrange, SecretStoreFixture } from './secret-store-fixture.ts'

export type { SecretStoreFixture } from './secret-store-fixture.ts'

/**
 * Registers the tests that every `SecretStore` adapter passes.
 * @param name - what keeps the secret, for the report
 * @param start - starts it; called once, and what it returns is disposed at the end
 */
export function secretStoreConformance(
  name: string,
  start: () => Promise<SecretStoreFixture>,
): void {
  describe(`a secret store: ${name}`, () => {
    let fixture: SecretStoreFixture | undefined
    const get = (): SecretStoreFixture => {
      if (!fixture) throw new Error('the store has not been started')
      return fixture
    }
    beforeAll(async () => {
      fixture = await start()
    }, 60_000)
    afterAll(async () => {
      await fixture?.[Symbol.asyncDispose]()
    }, 30_000)

    const arrange: Arrange = async (initial = secret()) => await makeSubject(get(), initial)
    readTests(arrange)
    stageTests(arrange)
    promoteTests(arrange)
    failureTests(arrange, get)
  })
}

function readTests(arrange: Arrange): void {
  test('a new secret has a current version and nothing else', async () => {
    const { store, initial, first, labels } = await arrange()
    const { current } = await store.read(soon())
    expect(current.value.equals(initial)).toBe(true)
    expect(current.createdAt.getTime()).toBeGreaterThan(Date.now() - 600_000)
    expect(current.createdAt.getTime()).toBeLessThan(Date.now() + 600_000)
    expect(await labels()).toEqual({ current: first })
    expect(await store.version('AWSPREVIOUS', soon())).toBeUndefined()
  })

  test.each([
    ['an empty object', '{}'],
    ['quotes, backslashes and control characters', '{"p":"\'\\"\\\\\\u0000\\n$`"}\n'],
    ['characters beyond the first plane', '{"p":"pässwörd 🎬 \u2028"}'],
    ['65,536 bytes', `{"p":"${'x'.repeat(65_528)}"}`],
  ])('a value comes back as it was staged: %s', async (_kind, text) => {
    const { store, other } = await arrange()
    await store.stage(new Sensitive(text, 'value'), token(), soon())
    const { pending } = await other.read(soon())
    expect(pending?.value.reveal()).toBe(text)
  })

  test('a secret that was made by us has no owner', async () => {
    const { store } = await arrange()
    expect(await store.owner(soon())).toBeUndefined()
  })

  test('reading shows no value in what is printed of it', async () => {
    const { store, initial } = await arrange()
    await store.stage(secret(), token(), soon())
    const printed = inspect(await store.read(soon()), { depth: 9, showHidden: true })
    expect(printed).not.toContain('canary-')
    expect(printed).not.toContain(initial.reveal())
  })
}

function stageTests(arrange: Arrange): void {
  test('staging writes a pending version and leaves the current one', async () => {
    const { store, other, first, initial } = await arrange()
    const [value, id] = [secret(), token()]
    const staged = await store.stage(value, id, soon())
    expect(staged.id).toBe(id)
    expect(staged.value.equals(value)).toBe(true)
    const { current, pending } = await other.read(soon())
    expect(current.id).toBe(first)
    expect(current.value.equals(initial)).toBe(true)
    expect(pending?.id).toBe(id)
    expect(pending?.value.equals(value)).toBe(true)
  })

  test('the same token with the same value twice is one version', async () => {
    const { store, other, first, labels } = await arrange()
    const [value, id] = [secret(), token()]
    await store.stage(value, id, soon())
    const again = await other.stage(value, id, soon())
    expect(again.id).toBe(id)
    expect(await labels()).toEqual({ current: first, pending: id })
  })

  test('the same token with another value is a conflict and changes nothing', async () => {
    const { store, other, first, labels } = await arrange()
    const [value, id] = [secret(), token()]
    await store.stage(value, id, soon())
    expect(await codeOf(other.stage(secret(), id, soon()))).toBe('ERR_STORE_CONFLICT')
    expect(await labels()).toEqual({ current: first, pending: id })
    const { pending } = await store.read(soon())
    expect(pending?.value.equals(value)).toBe(true)
  })

  test('the token of the current version with another value is a conflict', async () => {
    const { store, first, labels } = await arrange()
    const id = token()
    await store.stage(secret(), id, soon())
    await store.promote(id, first, soon())
    expect(await codeOf(store.stage(secret(), id, soon()))).toBe('ERR_STORE_CONFLICT')
    expect(await labels()).toEqual({ current: id, previous: first })
  })

  test('a second staged version takes the label from the first', async () => {
    const { store, first, labels } = await arrange()
    const [one, two] = [token(), token()]
    await store.stage(secret(), one, soon())
    await store.stage(secret(), two, soon())
    expect(await labels()).toEqual({ current: first, pending: two })
  })

  test('more than 65,536 bytes are refused and nothing is written', async () => {
    const { store, first, labels } = await arrange()
    const large = new Sensitive('ü'.repeat(32_769), 'large')
    expect(await codeOf(store.stage(large, token(), soon()))).toBe('ERR_STORE_LIMIT')
    expect(await labels()).toEqual({ current: first })
  })
}

function promoteTests(arrange: Arrange): void {
  test('promoting makes the staged version current and the old one previous', async () => {
    const { store, other, first, initial, labels } = await arrange()
    const [value, id] = [secret(), token()]
    await store.stage(value, id, soon())
    await store.promote(id, first, soon())
    expect(await labels()).toEqual({ current: id, previous: first })
    expect((await other.read(soon())).current.value.equals(value)).toBe(true)
    expect((await other.version('AWSPREVIOUS', soon()))?.value.equals(initial)).toBe(true)
  })

  test('promoting from a version that is not current is a conflict', async () => {
    const { store, first, labels } = await arrange()
    const [one, two] = [token(), token()]
    await store.stage(secret(), one, soon())
    await store.promote(one, first, soon())
    await store.stage(secret(), two, soon())
    expect(await codeOf(store.promote(two, first, soon()))).toBe('ERR_STORE_CONFLICT')
    expect(await codeOf(store.promote(two, token(), soon()))).toBe('ERR_STORE_CONFLICT')
    expect(await labels()).toEqual({ current: one, pending: two, previous: first })
  })

  test('a version that was current once is nothing pending, though it kept the label', async () => {
    const { store, other, first, initial } = await arrange()
    const id = token()
    await store.stage(secret(), id, soon())
    await store.promote(id, first, soon())
    // As an operator does who goes back to the version before.
    await store.promote(first, id, soon())
    const { current, pending } = await other.read(soon())
    expect(current.value.equals(initial)).toBe(true)
    expect(pending).toBeUndefined()
  })

  test('promoting what is current already succeeds and changes nothing', async () => {
    const { store, other, first, labels } = await arrange()
    const id = token()
    await store.stage(secret(), id, soon())
    await store.promote(id, first, soon())
    await other.promote(id, first, soon())
    await other.promote(id, id, soon())
    expect(await labels()).toEqual({ current: id, previous: first })
  })

  test('promoting a version that does not exist is a conflict and changes nothing', async () => {
    const { store, first, labels } = await arrange()
    const unknown = token()
    expect(await codeOf(store.promote(unknown, first, soon()))).toBe('ERR_STORE_CONFLICT')
    expect(await codeOf(store.promote(unknown, unknown, soon()))).toBe('ERR_STORE_CONFLICT')
    expect(await labels()).toEqual({ current: first })
  })

  test('promoting the previous version goes back, and the labels change places', async () => {
    const { store, first, initial, labels } = await arrange()
    const id = token()
    await store.stage(secret(), id, soon())
    await store.promote(id, first, soon())
    await store.promote(first, id, soon())
    const { current } = await store.read(soon())
    expect(current.value.equals(initial)).toBe(true)
    expect((await labels()).previous).toBe(id)
  })

  test('of two who promote different versions from the same one, one wins', async () => {
    const { store, other, first, labels } = await arrange()
    const [one, two] = [token(), token()]
    await store.stage(secret(), one, soon())
    await store.stage(secret(), two, soon())
    const answers = await Promise.all([
      codeOf(store.promote(one, first, soon())),
      codeOf(other.promote(two, first, soon())),
    ])
    expect(answers.toSorted()).toEqual(['ERR_STORE_CONFLICT', 'none'])
    const winner = answers[0] === 'none' ? one : two
    const after = await labels()
    expect(after.current).toBe(winner)
    expect(after.previous).toBe(first)
  })

  test('after twenty rotations each label is on the version it belongs to', async () => {
    const { store, first, labels } = await arrange()
    const ids = [first, ...Array.from({ length: 20 }, token)]
    for (const [index, id] of ids.entries()) {
      const before = ids[index - 1]
      if (before === undefined) continue
      await store.stage(secret(), id, soon())
      await store.promote(id, before, soon())
      expect(await labels()).toEqual({ current: id, previous: before })
    }
  })
}

function failureTests(arrange: Arrange, get: () => SecretStoreFixture): void {
  test('a secret that does not exist is ERR_STORE_NOT_FOUND for every method', async () => {
    const store = get().open(`missing-${randomUUID()}`)
    expect(await codeOf(store.read(soon()))).toBe('ERR_STORE_NOT_FOUND')
    expect(await codeOf(store.version('AWSPREVIOUS', soon()))).toBe('ERR_STORE_NOT_FOUND')
    expect(await codeOf(store.stage(secret(), token(), soon()))).toBe('ERR_STORE_NOT_FOUND')
    expect(await codeOf(store.promote(token(), token(), soon()))).toBe('ERR_STORE_NOT_FOUND')
  })

  test('a call whose deadline has passed changes nothing', async () => {
    const { store, first, labels } = await arrange()
    const late: Call = { signal: AbortSignal.abort() }
    expect(await codeOf(store.read(late))).toBe('ERR_STORE_UNREACHABLE')
    expect(await codeOf(store.stage(secret(), token(), late))).toBe('ERR_STORE_UNREACHABLE')
    expect(await codeOf(store.promote(token(), first, late))).toBe('ERR_STORE_UNREACHABLE')
    expect(await labels()).toEqual({ current: first })
  })

  test('an error shows no value, neither in its text nor in its cause', async () => {
    const { store, first } = await arrange()
    const id = token()
    await store.stage(secret(), id, soon())
    const large = new Sensitive(`canary-${'x'.repeat(70_000)}`, 'large')
    const errors = await Promise.allSettled([
      store.stage(secret(), id, soon()),
      store.stage(large, token(), soon()),
      store.promote(id, token(), soon()),
      get().open(`missing-${first}`).stage(secret(), token(), soon()),
    ])
    const printed = inspect(errors, { depth: 9, showHidden: true, maxStringLength: null })
    expect(errors.map(({ status }) => status)).toEqual(Array(4).fill('rejected'))
    expect(printed).not.toContain('canary-')
  })
}
