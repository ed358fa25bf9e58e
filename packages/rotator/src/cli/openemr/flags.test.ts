import { expect, test } from 'vitest'
import { writeOut } from './flags.ts'

test('unambiguous beginnings of flags are written out', () => {
  const given = ['openemr', '--dry', '--log', '--fix', '--sync-db', '--h']
  const meant = ['openemr', '--dry-run', '--log-json', '--fix-permissions', '--sync-db-users']
  expect(writeOut(given)).toEqual([...meant, '--help'])
})

test('whole flags, unknown ones, values and a lone -- stay as they are', () => {
  const given = ['--dry-run', '--nonsense', '--mode', '0400', '--owner=1:2', '--', '-h']
  expect(writeOut(given)).toEqual(given)
})
