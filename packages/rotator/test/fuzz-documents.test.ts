// Goal: whatever stands in a secret, what we do not know survives every write, an edit changes only
// what it names, and a refusal is typed and quotes nothing. Method: random JSON objects around a
// slot or flat document, edits of it, and the same texts with characters lost, changed and added.
import {
  assert,
  constantFrom,
  dictionary,
  double,
  integer,
  jsonValue,
  oneof,
  property,
  record,
  shuffledSubarray,
  string,
  tuple,
} from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  DocumentError,
  editFlatDocument,
  editSlotDocument,
  encodeFlatDocument,
  encodeSlotDocument,
  parseFlatDocument,
  parseSlotDocument,
  Sensitive,
} from '@cuedot/client/protocol'
import type { SlotDocumentEdit } from '@cuedot/client/protocol'
import { cases, SEED } from './fuzz.ts'

/** An object as its text has it: keys in order, values as they are spelled. */
type Spelled = readonly (readonly [key: string, text: string])[]

const CANARY = 'canary-4711-'
const LIMIT_MS = 30 * 60_000

const spell = (object: Spelled): string =>
  `{${object.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`

/** Numbers that a double cannot hold, or that JavaScript would spell in another way. */
const oddNumbers = constantFrom('12345678901234567890', '1.0', '1e400', '0.10', '-0', '1E5')
const value: Arbitrary<string> = oneof(
  { weight: 5, arbitrary: jsonValue().map((any) => JSON.stringify(any)) },
  { weight: 1, arbitrary: oddNumbers },
)
/** Keys that mean something to JavaScript. Those that are array indices are the next test's. */
const key = oneof(
  constantFrom('__proto__', 'constructor', 'toString', 'engine', 'a b', '', 'ключ', 'changed_at2'),
  string({ unit: 'binary', maxLength: 6 }).filter((text) => !/^\d+$/.test(text)),
)
const unknown = (known: readonly string[]): Arbitrary<Spelled> =>
  dictionary(key, value, { maxKeys: 4 }).map((found) =>
    Object.entries(found).filter(([name]) => !known.includes(name) && name !== '__proto__'),
  )
const proto: Arbitrary<Spelled> = constantFrom([], [['__proto__', '{"polluted":1}']])

const text = (prefix: string): Arbitrary<string> =>
  string({ unit: 'grapheme', maxLength: 12 }).map((rest) => prefix + rest)

const CREDENTIAL = ['username', 'password', 'host', 'port', 'dbname', 'changed_at', 'engine']

function credential(user: string): Arbitrary<Spelled> {
  const known = record({
    username: text(user).map((one) => JSON.stringify(one)),
    password: text(CANARY).map((one) => JSON.stringify(one)),
    host: constantFrom('"db"', '"10.0.0.1"'),
    port: constantFrom('3306', '"5432"', '1', '"65535"'),
  }).map((found): Spelled => Object.entries(found))
  return mixed(known, unknown(CREDENTIAL))
}

/** All of them in any order. */
function mixed(...parts: readonly Arbitrary<Spelled>[]): Arbitrary<Spelled> {
  return tuple(...parts)
    .map((lists) => lists.flat())
    .chain((all) => shuffledSubarray([...all], { minLength: all.length }))
}

const SLOTS = ['active_slot', 'A', 'B', 'rotation', 'last', 'username', 'password']

const slotDocument: Arbitrary<Spelled> = mixed(
  tuple(constantFrom('"A"', '"B"'), credential('a'), credential('b')).map(
    ([active, a, b]): Spelled => [
      ['active_slot', active],
      ['A', spell(a)],
      ['B', spell(b)],
    ],
  ),
  unknown(SLOTS),
  proto,
)

const flatDocument: Arbitrary<Spelled> = mixed(credential('u'), proto).map((all) =>
  all.filter(([name]) => !SLOTS.slice(0, 5).includes(name)),
)

const secret = (plain: string): Sensitive => new Sensitive(plain, 'document')

describe('a slot document', () => {
  const runs = cases('slot documents, read and written', { short: 500, share: 0.25 })

  test(
    `is written as it was read (seed ${SEED})`,
    () => {
      const holds = property(slotDocument, (spelled) => {
        const written = encodeSlotDocument(parseSlotDocument(secret(spell(spelled)))).reveal()
        expect(written).toBe(spell(spelled))
      })
      assert(holds, { numRuns: runs, seed: SEED })
    },
    LIMIT_MS,
  )

  const edits = cases('slot documents, edited', { short: 500, share: 0.2 })
  const fresh = record(
    { password: text('new-').map(secret), changedAt: constantFrom('2026-01-01T00:00:00Z') },
    { requiredKeys: ['password'] },
  )
  const edit = record(
    { active: constantFrom('A' as const, 'B' as const), slot: constantFrom('A', 'B'), fresh },
    { requiredKeys: [] },
  )

  test(
    `keeps everything that an edit does not name (seed ${SEED})`,
    () => {
      const holds = property(slotDocument, edit, (spelled, { active, slot, fresh: change }) => {
        const passwords = slot !== undefined && change ? { [slot]: change } : {}
        const asked: SlotDocumentEdit = { ...(active && { active }), passwords }
        const edited = editSlotDocument(parseSlotDocument(secret(spell(spelled))), asked)
        const written = new Map(entriesOf(encodeSlotDocument(edited).reveal()))
        const before = new Map(entriesOf(spell(spelled)))
        expect([...written.keys()]).toEqual([...before.keys()])
        for (const [name, was] of before)
          if (name === 'active_slot') expect(written.get(name)).toBe(active ?? was)
          else if (name === slot && change) expectSlot(written.get(name), was, change)
          else expect(written.get(name)).toEqual(was)
      })
      assert(holds, { numRuns: edits, seed: SEED })
    },
    LIMIT_MS,
  )
})

function entriesOf(json: string): readonly (readonly [string, unknown])[] {
  return Object.entries(JSON.parse(json))
}

function expectSlot(
  written: unknown,
  was: unknown,
  { password, changedAt }: { readonly password: Sensitive; readonly changedAt?: string },
): void {
  const expected = new Map(Object.entries(Object(was)))
  expected.set('password', password.reveal())
  if (changedAt !== undefined) expected.set('changed_at', changedAt)
  expect(Object.entries(Object(written))).toEqual([...expected])
}

describe('a flat document', () => {
  const runs = cases('flat documents', { short: 500, share: 0.15 })

  test(
    `is written as it was read, but for its password (seed ${SEED})`,
    () => {
      const holds = property(flatDocument, text('new-'), (spelled, password) => {
        const read = parseFlatDocument(secret(spell(spelled)))
        expect(encodeFlatDocument(read).reveal()).toBe(spell(spelled))
        const edited = encodeFlatDocument(editFlatDocument(read, { password: secret(password) }))
        const expected = spelled.map(([name, was]): [string, string] => [
          name,
          name === 'password' ? JSON.stringify(password) : was,
        ])
        expect(edited.reveal()).toBe(spell(expected))
      })
      assert(holds, { numRuns: runs, seed: SEED })
    },
    LIMIT_MS,
  )
})

describe('a text that is damaged', () => {
  const runs = cases('damaged documents', { short: 1000, share: 0.25 })
  const damage = tuple(double({ min: 0, max: 1, noNaN: true }), integer({ min: 0, max: 3 }), value)

  test(
    `is read or refused, and a refusal quotes nothing (seed ${SEED})`,
    () => {
      const any = oneof(slotDocument, flatDocument)
      const holds = property(any, damage, (spelled, [where, how, piece]) => {
        const whole = spell(spelled)
        const at = Math.floor(where * whole.length)
        const parts = [whole.slice(0, at), whole.slice(at)] as const
        const damaged = [
          () => parts[0],
          () => parts[0] + parts[1].slice(1),
          () => parts.join(piece),
          () => parts[0] + parts[1].replace(/"[^"]*"/, piece),
        ][how]?.()
        for (const read of [parseSlotDocument, parseFlatDocument])
          expectRefusalOrNothing(() => read(secret(damaged ?? '')))
      })
      assert(holds, { numRuns: runs, seed: SEED })
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
      expect(Reflect.get({}, 'polluted')).toBeUndefined()
    },
    LIMIT_MS,
  )
})

function expectRefusalOrNothing(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    expect(error.message).not.toContain(CANARY)
    expect(error.stack).not.toContain(CANARY)
    expect(error.cause).toBeUndefined()
  }
}
