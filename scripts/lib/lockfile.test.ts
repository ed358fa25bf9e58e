import { describe, expect, test } from 'vitest'
import { missingPackages } from './lockfile.ts'

describe('a lockfile', () => {
  const wants = (...names: readonly string[]) => ({
    'node_modules/tool': {
      dev: true,
      optionalDependencies: Object.fromEntries(names.map((name) => [name, '1.2.3'])),
    },
  })

  test('gets the packages of other platforms that it lacks', () => {
    expect(missingPackages(wants('@tool/binding-linux-arm-musleabihf', '@tool/win32-x64'))).toEqual(
      {
        'node_modules/@tool/binding-linux-arm-musleabihf': {
          version: '1.2.3',
          cpu: ['arm'],
          dev: true,
          libc: ['musl'],
          optional: true,
          os: ['linux'],
        },
        'node_modules/@tool/win32-x64': {
          version: '1.2.3',
          cpu: ['x64'],
          dev: true,
          optional: true,
          os: ['win32'],
        },
      },
    )
  })

  test('keeps what it has, beside the parent and further out', () => {
    const nested = 'node_modules/tool/node_modules/@tool/linux-x64-gnu'
    expect(missingPackages({ ...wants('@tool/linux-x64-gnu'), [nested]: {} })).toEqual({})
    const hoisted = 'node_modules/@tool/linux-x64-gnu'
    expect(missingPackages({ ...wants('@tool/linux-x64-gnu'), [hoisted]: {} })).toEqual({})
    const parent = {
      'node_modules/a/node_modules/b': wants('@tool/linux-x64-gnu')['node_modules/tool'],
    }
    const between = 'node_modules/a/node_modules/@tool/linux-x64-gnu'
    expect(missingPackages({ ...parent, [between]: {} })).toEqual({})
  })

  test('is refused when a package tells no platform', () => {
    expect(() => missingPackages(wants('fsevents'))).toThrow('fsevents@1.2.3')
  })
})
