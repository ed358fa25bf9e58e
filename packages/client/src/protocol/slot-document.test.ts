// Goal: what the first rotation writes into a slot document is kept apart from what somebody else
// has changed, and nothing else moves. Method: documents as the source systems make them.
import { describe, expect, test } from 'vitest'
import { DocumentError } from './json-document.ts'
import { Sensitive } from './sensitive.ts'
import {
  differsBeyondRotation,
  editSlotDocument,
  encodeSlotDocument,
  parseSlotDocument,
} from './slot-document.ts'
import type { SlotDocument } from './slot-document.ts'

const FRESH = {
  active_slot: 'A',
  A: { username: 'app_a', password: 'placeholder', host: 'pending-restore', team: 'a' },
  B: { username: 'app_b', password: 'placeholder', host: 'pending-restore', port: 3306 },
  note: 'kept',
}
const OPENED = { id: 'r', from: 'A', to: 'B', reason: '', by: '', opened_at: '' } as const
const PLACE = { host: 'db.alias', port: 3307, dbname: 'openemr' }

function parse(value: object): SlotDocument {
  return parseSlotDocument(new Sensitive(JSON.stringify(value), 'document under test'))
}

function shown(document: SlotDocument): Record<string, unknown> {
  const value: Record<string, unknown> = JSON.parse(encodeSlotDocument(document).reveal())
  return value
}

describe('where the slots find the database', () => {
  test('is written into both, and a port stays the kind of value that it was', () => {
    const placed = editSlotDocument(parse(FRESH), { place: PLACE })
    expect(shown(placed)).toEqual({
      ...FRESH,
      A: { ...FRESH.A, host: 'db.alias', port: '3307', dbname: 'openemr' },
      B: { ...FRESH.B, host: 'db.alias', port: 3307, dbname: 'openemr' },
    })
    expect(shown(editSlotDocument(parse(FRESH), { place: {} }))).toEqual(FRESH)
  })

  test('is what the first rotation changes, and nothing that somebody else changed', () => {
    const fresh = parse(FRESH)
    const edit = {
      active: 'B',
      place: PLACE,
      rotation: { ...OPENED, initial: { web: PLACE } },
    } as const
    const staged = editSlotDocument(fresh, edit)
    expect(differsBeyondRotation(fresh, staged, 'B')).toBe(false)
    const edited = parse({ ...FRESH, note: 'by hand' })
    expect(differsBeyondRotation(edited, staged, 'B')).toBe(true)
    const renamed = parse({ ...FRESH, A: { ...FRESH.A, username: 'by_hand' } })
    expect(differsBeyondRotation(renamed, staged, 'B')).toBe(true)
  })

  test.each([
    ['another rotation', { rotation: OPENED }],
    ['one that makes no password', { rotation: { ...OPENED, heals: true, initial: { web: {} } } }],
  ] as const)('counts as a change where it is %s', (_name, edit) => {
    const fresh = parse(FRESH)
    const staged = editSlotDocument(fresh, { ...edit, place: PLACE })
    expect(differsBeyondRotation(fresh, staged, 'B')).toBe(true)
  })
})

describe('the record of a first rotation', () => {
  test('comes back as it was written', () => {
    const initial = { web: PLACE, job: {} }
    const document = editSlotDocument(parse(FRESH), { rotation: { ...OPENED, initial } })
    expect(parse(shown(document)).rotation?.initial).toEqual(initial)
    expect(parse({ ...FRESH, rotation: OPENED }).rotation).not.toHaveProperty('initial')
  })

  test('keeps no value of another kind', () => {
    const initial = { web: { host: 1, port: '3306', dbname: null, password: 'x' } }
    const { rotation } = parse({ ...FRESH, rotation: { ...OPENED, initial } })
    expect(rotation?.initial).toEqual({ web: {} })
  })

  test.each([[{}], [[]], ['web'], [{ web: 'db' }]])('is refused with %j', (initial) => {
    expect(() => parse({ ...FRESH, rotation: { ...OPENED, initial } })).toThrow(DocumentError)
  })
})
