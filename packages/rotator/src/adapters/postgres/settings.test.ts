import { expect, test } from 'vitest'
import { listed } from './settings.ts'

test('a list of names is split at commas outside quotes', () => {
  expect(listed('"$user", public')).toEqual(['$user', 'public'])
  expect(listed('"a,b", "c ""d""", e')).toEqual(['a,b', 'c "d"', 'e'])
  expect(listed('')).toEqual([])
  expect(listed('""')).toEqual([''])
})
