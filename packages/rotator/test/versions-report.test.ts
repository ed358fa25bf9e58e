import { describe, expect, test } from 'vitest'
import { versionsReport, versionsText } from '../src/cli/commands/versions.ts'
import type { ListedVersion } from '../src/ports/version-list.ts'

const NOW = new Date('2026-03-10T12:00:00Z')
const PLACE = { secret: 'db' }

function made(id: string, labels: readonly string[], hours = 24): ListedVersion {
  return { id, labels, createdAt: new Date(NOW.getTime() - hours * 3_600_000) }
}

describe('the report on versions', () => {
  test('has the newest first and those without a date last', () => {
    const { versions } = versionsReport(
      PLACE,
      [{ id: 'x', labels: [] }, made('old', ['AWSPREVIOUS'], 48), made('new', ['AWSCURRENT'], 2)],
      NOW,
    )
    expect(versions).toEqual([
      { ...made('new', ['AWSCURRENT'], 2), ageMs: 7_200_000 },
      { ...made('old', ['AWSPREVIOUS'], 48), ageMs: 172_800_000 },
      { id: 'x', labels: [] },
    ])
  })

  test('LX7: knows nothing pending where AWSPENDING is on the current version', () => {
    const both = made('a', ['AWSPENDING', 'custom', 'AWSCURRENT'])
    const report = versionsReport(PLACE, [both, made('b', ['AWSPREVIOUS'], 48)], NOW)
    expect(report).toMatchObject({ current: 'a', previous: 'b' })
    expect(report).not.toHaveProperty('pending')
    expect(versionsText(report).split('\n')).toEqual([
      'db: 2 versions',
      '  AWSCURRENT, AWSPENDING, custom  a  2026-03-09T12:00:00.000Z  1d old',
      '  AWSPREVIOUS                     b  2026-03-08T12:00:00.000Z  2d old',
    ])
  })

  test('LX7: says how old another version is that is pending', () => {
    const list = [made('a', ['AWSCURRENT']), made('b', ['AWSPENDING'], 3)]
    expect(versionsText(versionsReport(PLACE, list, NOW))).toContain(
      'b is AWSPENDING, 3h old and not current: a rotation is open or has stopped half-way',
    )
  })

  test('has something to say of no version, of no label and of no date', () => {
    expect(versionsText(versionsReport(PLACE, [], NOW))).toBe('db: 0 versions')
    const report = versionsReport({ ...PLACE, target: 'app' }, [{ id: 'x', labels: [] }], NOW)
    expect(versionsText(report)).toBe('app (db): 1 version\n  no label  x  no date')
  })

  test('keeps what others call their labels on one line', () => {
    const report = versionsReport(PLACE, [made('x', ['a\u001b[31m\nb'])], NOW)
    expect(versionsText(report)).toContain('  a[31mb  x')
  })
})
