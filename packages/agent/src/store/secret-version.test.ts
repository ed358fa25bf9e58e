import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { SecretVersion } from './secret-version.ts'

const FIELDS = { arn: 'arn:a', name: 'a', versionId: 'v', stages: ['AWSCURRENT'] }

test('a version is answered as AWS’s agent does', () => {
  const createdAt = new Date(1_569_534_789_046)
  expect(new SecretVersion({ ...FIELDS, createdAt, text: 'hunter2' }).body()).toBe(
    '{"ARN":"arn:a","Name":"a","VersionId":"v","SecretString":"hunter2",' +
      '"VersionStages":["AWSCURRENT"],"CreatedDate":"1569534789.046"}',
  )
})

test('a version that is binary is answered in base64', () => {
  const version = new SecretVersion({ versionId: 'v', binary: Buffer.from([0, 255]) })
  const body = '{"ARN":null,"Name":null,"VersionId":"v","SecretBinary":"AP8=","CreatedDate":null}'
  expect(version.body()).toBe(body)
  expect(version.content()).toEqual(Buffer.from([0, 255]))
})

test('a version shows no value by accident', () => {
  const version = new SecretVersion({ ...FIELDS, text: 'canary' }).labelled(['x'])
  const shown = inspect(version, { showHidden: true, depth: 9 }) + JSON.stringify(version)
  expect(shown).not.toContain('canary')
  expect(JSON.parse(version.body())).toMatchObject({ VersionStages: ['x'], SecretString: 'canary' })
})
