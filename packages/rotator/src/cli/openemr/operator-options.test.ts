import { describe, expect, test } from 'vitest'
import { UsageError } from '../options.ts'
import { checkFlags, fixFlags, limitOf, namesPlace, placeOf } from './operator-options.ts'
import type { LaunchOptions } from './operator-options.ts'

const NONE: LaunchOptions = { limit: '150m', json: true }
const ECS = {
  OPENEMR_ECS_CLUSTER: 'openemr',
  OPENEMR_ECS_SERVICE: 'web',
  OPENEMR_ROTATION_TASK_DEFINITION: 'rotation',
}

describe('where a rotation is started', () => {
  test('on ECS: as the variables say, and the flags before them', () => {
    expect(placeOf(NONE, { ...ECS, AWS_REGION: 'eu-central-1' })).toEqual({
      ...{ kind: 'ecs', cluster: 'openemr', service: 'web', taskDefinition: 'rotation' },
      region: 'eu-central-1',
    })
    const flags = { ...NONE, cluster: 'other', container: 'c' }
    expect(placeOf(flags, ECS)).toMatchObject({ cluster: 'other', container: 'c' })
  })

  test('on EKS: in the namespace openemr, from the CronJob credential-rotation', () => {
    const place = { kind: 'job', namespace: 'openemr', cronJob: 'credential-rotation' }
    expect(placeOf({ ...NONE, job: true }, {})).toEqual({ ...place, variables: {} })
    expect(placeOf(NONE, { K8S_NAMESPACE: 'emr' })).toMatchObject({ ...place, namespace: 'emr' })
    expect(placeOf({ ...NONE, manifest: 'job.yaml' }, {})).toMatchObject({ manifest: 'job.yaml' })
    const image = { CREDENTIAL_ROTATION_IMAGE: 'i:1' }
    expect(placeOf({ ...NONE, job: true }, image)).toMatchObject({ image: 'i:1' })
  })

  test('names everything that is missing at once; what is empty is missing', () => {
    const env = { ...ECS, OPENEMR_ECS_SERVICE: '', OPENEMR_ROTATION_TASK_DEFINITION: '' }
    expect(() => placeOf(NONE, env)).toThrow(/--service \(OPENEMR_ECS_SERVICE\), --task-definition/)
    expect(() => placeOf({ ...NONE, task: true }, {})).toThrow(/--cluster \(OPENEMR_ECS_CLUSTER\)/)
  })

  test('where both are named, is said by --task or --job', () => {
    const both = { ...ECS, K8S_NAMESPACE: 'emr' }
    expect(() => placeOf(NONE, both)).toThrow(UsageError)
    expect(placeOf({ ...NONE, task: true }, both).kind).toBe('ecs')
    expect(placeOf({ ...NONE, job: true }, both).kind).toBe('job')
    expect(() => placeOf({ ...NONE, task: true, job: true }, both)).toThrow(UsageError)
    expect(() => placeOf(NONE, {})).toThrow(/Nothing says where/)
  })

  test('takes no flag of the other platform', () => {
    for (const flag of [{ attach: true }, { manifest: 'f' }, { image: 'i' }] as const)
      expect(() => placeOf({ ...NONE, task: true, ...flag }, ECS)).toThrow(UsageError)
    for (const flag of [{ cluster: 'c' }, { taskDefinition: 't' }] as const)
      expect(() => placeOf({ ...NONE, job: true, ...flag }, {})).toThrow(UsageError)
  })

  test('is not named by a limit or by how things are printed', () => {
    expect(namesPlace(NONE)).toBe(false)
    expect(namesPlace({ ...NONE, container: 'c' })).toBe(true)
  })
})

describe('the flags behind --', () => {
  test.for([
    [[]],
    [['--dry-run', '--sync-db-users']],
    [['--fix-permissions', '--mode', '0440', '--owner', '1000:101']],
  ] as const)('%j go to the task', ([flags]) => {
    expect(checkFlags(flags)).toBe(flags)
  })

  test.for([[['--target', 'both']], [['dry-run']], [['--mode']], [['run']]] as const)(
    '%j go nowhere',
    ([flags]) => {
      expect(() => checkFlags(flags)).toThrow(UsageError)
    },
  )

  test('of a repair name the mode, and the owner where one is given', () => {
    expect(fixFlags(NONE)).toEqual(['--fix-permissions', '--mode', '0644'])
    expect(fixFlags({ ...NONE, mode: '0440', owner: '1:2', dryRun: true })).toEqual([
      ...['--fix-permissions', '--dry-run', '--mode', '0440', '--owner', '1:2'],
    ])
  })
})

test('a limit is a duration and not nothing', () => {
  expect(limitOf(NONE)).toBe(9_000_000)
  for (const limit of ['', '2h30m', '0s', '-1s', '10'])
    expect(() => limitOf({ limit })).toThrow(UsageError)
})
