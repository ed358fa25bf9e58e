import { describe, expect, test } from 'vitest'
import { RotatorError } from '../errors.ts'
import { describeFailure, stackOf } from './failure.ts'
import { UsageError } from './options.ts'

describe('describeFailure', () => {
  test('lists the problems of a configuration, each on its line', () => {
    const problem = '/c.yaml:1:2 a is missing\n/c.yaml:3:4 b unknown key'
    const error = new RotatorError('ERR_CONFIG', { file: '/c.yaml', path: 'a', problem })
    expect(describeFailure(error)).toMatchObject({
      exitCode: 2,
      what: `The configuration cannot be used. (ERR_CONFIG)\n  ${problem.replace('\n', '\n  ')}`,
      state: 'Nothing was changed.',
    })
  })

  test('puts the file in front of a problem that names no line', () => {
    const error = new RotatorError('ERR_CONFIG', {
      file: 'runtime',
      path: 'x/argv',
      problem: 'is no',
    })
    expect(describeFailure(error).what).toMatch(/\n {2}runtime x\/argv is no$/)
  })

  test('shows an operational error with its hint', () => {
    const error = new RotatorError('ERR_STORE_NOT_FOUND', { secret: 'app' })
    const { exitCode, what, todo } = describeFailure(error)
    expect({ exitCode, what, todo }).toEqual({ exitCode: 1, what: error.message, todo: error.hint })
  })

  test('shows what to type instead of a command line that cannot be', () => {
    const failure = describeFailure(new UsageError('No.', 'Yes.'))
    expect(failure).toMatchObject({ exitCode: 2, what: 'No.', todo: 'Yes.' })
  })

  test.each([
    [new TypeError('canary'), 'TypeError'],
    [new Error('I1: canary'), 'Error, invariant I1'],
    ['canary', 'string'],
    [undefined, 'undefined'],
  ])('shows no message of a bug, but its name and the invariant', (error, name) => {
    const failure = describeFailure(error)
    expect(failure.what).toBe(`This is a bug in cuedot (${name}).`)
    expect(JSON.stringify(failure)).not.toContain('canary')
    expect(failure.exitCode).toBe(70)
  })
})

describe('stackOf', () => {
  test('has the frames and not the message, though that looks like a frame', () => {
    const stack = stackOf(new Error('canary\nsecond canary'))
    expect(stack).toMatch(/^\s+at .*failure\.test\.ts/)
    expect(stack).not.toContain('canary')
    expect(stackOf('canary')).not.toContain('canary')
  })
})
