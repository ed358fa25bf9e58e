import { describe, expect, test } from 'vitest'
import { isPlaceholder } from './credential.ts'
import { dualDiffersBeyondRotation, editDualDocument, parseDualDocument } from './dual-document.ts'
import { Sensitive } from './sensitive.ts'
import { encodeSlotDocument } from './slot-document.ts'
import type { SlotDocument } from './slot-document.ts'

const RDS = {
  username: 'app',
  password: 'old-password',
  engine: 'mysql',
  host: 'db.example',
  port: 3306,
  dbInstanceIdentifier: 'shop',
}
const ROTATION = {
  id: 'r',
  from: 'A',
  to: 'B',
  reason: 'due',
  by: 'ann',
  opened_at: 'now',
} as const
const NEW = { password: new Sensitive('new-password', 'new'), version: 'v1', changedAt: 'now' }

function parse(value: object): SlotDocument {
  return parseDualDocument(new Sensitive(JSON.stringify(value), 'a test'))
}

function json(document: SlotDocument): unknown {
  return JSON.parse(encodeSlotDocument(document).reveal())
}

describe('a dual-password document', () => {
  test('is the flat document of RDS while the user has one password', () => {
    const { active, slots } = parse(RDS)
    expect(active).toBe('A')
    expect(slots.A).toMatchObject({ username: 'app', host: 'db.example', port: 3306 })
    expect(slots.A.password.reveal()).toBe('old-password')
    expect(slots.B.username).toBe('app')
    expect(isPlaceholder(slots.B.password)).toBe(true)
  })

  test('shows readers of the flat shape the password to use, while the user has two', () => {
    const opened = editDualDocument(parse(RDS), {
      active: 'B',
      passwords: { B: NEW },
      rotation: ROTATION,
    })
    expect(json(opened)).toEqual({
      ...RDS,
      password: 'new-password',
      password_version: 'v1',
      changed_at: 'now',
      password_slot: 'B',
      other_password: { password: 'old-password' },
      rotation: ROTATION,
    })
  })

  test('loses the other password and the record when the rotation is closed', () => {
    const opened = editDualDocument(parse(RDS), {
      active: 'B',
      passwords: { B: NEW },
      rotation: ROTATION,
    })
    const last = { id: 'r', outcome: 'rotated', closed_at: 'later' } as const
    const closed = editDualDocument(opened, { passwords: { A: null }, rotation: null, last })
    expect(json(closed)).toEqual({
      ...RDS,
      password: 'new-password',
      password_version: 'v1',
      changed_at: 'now',
      password_slot: 'B',
      last,
    })
  })

  test('goes back to the first password as it was', () => {
    const opened = editDualDocument(parse(RDS), { active: 'B', passwords: { B: NEW } })
    const turned = editDualDocument(opened, { active: 'A' })
    expect(turned.slots.A.password.reveal()).toBe('old-password')
    expect(turned.slots.A.version).toBeUndefined()
    expect(turned.slots.B.version).toBe('v1')
  })

  test('gives a password a name without changing it', () => {
    const { password } = parse(RDS).slots.A
    const named = editDualDocument(parse(RDS), { passwords: { A: { password, version: 'v0' } } })
    expect(named.slots.A).toMatchObject({ version: 'v0' })
    expect(named.slots.A.password.equals(password)).toBe(true)
  })

  test('differs in what an operator changed, and not in what a rotation does', () => {
    const before = parse(RDS)
    const opened = editDualDocument(before, { active: 'B', passwords: { B: NEW } })
    expect(dualDiffersBeyondRotation(before, opened, 'B')).toBe(false)
    expect(dualDiffersBeyondRotation(before, opened, 'A')).toBe(true)
    expect(dualDiffersBeyondRotation(before, parse({ ...RDS, host: 'other' }), 'none')).toBe(true)
  })

  test.each([
    ['a slot document', { active_slot: 'A', A: {}, B: {} }, '/active_slot'],
    ['another letter', { ...RDS, password_slot: 'C' }, '/password_slot'],
    ['another password that is no object', { ...RDS, other_password: 'x' }, '/other_password'],
    ['an empty other password', { ...RDS, other_password: { password: '' } }, '/password'],
  ])('is not %s', (_name, value, path) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ path }))
  })
})
