import { describe, expect, test } from 'vitest'
import { similar } from './similar.ts'

const KEYS = ['store', 'strategy', 'database', 'publish', 'roll', 'key_file', 'id']

describe('similar', () => {
  test.each([
    ['stroe', 'store'],
    ['Store', 'store'],
    ['keyfile', 'key_file'],
    ['databse', 'database'],
    ['publsih', 'publish'],
    ['rol', 'roll'],
  ])('takes %s for %s', (typed, meant) => {
    expect(similar(typed, KEYS)).toBe(meant)
  })

  test.each(['password', 'hunter2', 'x', ''])('takes %j for nothing known', (typed) => {
    expect(similar(typed, KEYS)).toBeUndefined()
  })

  test('prefers the nearest', () => {
    expect(similar('rolls', ['polls', 'roll', 'tolls2'])).toBe('polls')
  })
})
