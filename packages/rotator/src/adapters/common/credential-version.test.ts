import { expect, test } from 'vitest'
import { versionInName } from './credential-version.ts'

test.for([
  ['billing cred=v-1', 'v-1'],
  ['cred=0f4;team=a', '0f4'],
  ['billing,cred=0f4,team=a', '0f4'],
  ['sacred=no', ''],
  ['cred=', ''],
  ['', ''],
] as const)('in the name %j is the version %j', ([name, version]) => {
  expect(versionInName(name)).toBe(version)
})
