import { describe, expect, test } from 'vitest'
import { mountRootOf, readVariables } from './variables.ts'

const COMMON = {
  AWS_REGION: 'eu-central-1',
  RDS_SLOT_SECRET_ID: 'slots',
  RDS_ADMIN_SECRET_ID: 'admin',
  OPENEMR_SITES_MOUNT_ROOT: '/mnt/sites',
}
const ECS = { ...COMMON, OPENEMR_ECS_CLUSTER: 'c', OPENEMR_ECS_SERVICE: 's' }
const EKS = { ...COMMON, K8S_NAMESPACE: 'n', K8S_DEPLOYMENT_NAME: 'd', K8S_SECRET_NAME: 'k' }

describe('the environment of a rotation task', () => {
  test('names a service of ECS', () => {
    expect(readVariables(ECS)).toEqual({
      region: 'eu-central-1',
      slotSecret: 'slots',
      adminSecret: 'admin',
      mountRoot: '/mnt/sites',
      platform: { kind: 'ecs', cluster: 'c', service: 's' },
      roll: {},
    })
  })

  test('names a Deployment of EKS', () => {
    const platform = { kind: 'eks', namespace: 'n', deployment: 'd', secret: 'k' }
    expect(readVariables(EKS).platform).toEqual(platform)
  })

  test('says how long a rollout may take and how often it is looked at', () => {
    const times = { CUEDOT_ROLL_LIMIT: '45m', CUEDOT_ROLL_POLL: '5s' }
    expect(readVariables({ ...EKS, ...times }).roll).toEqual({ limit: '45m', poll: '5s' })
  })

  test.each([
    { CUEDOT_ROLL_LIMIT: '45' },
    { CUEDOT_ROLL_LIMIT: '999ms' },
    { CUEDOT_ROLL_LIMIT: '25h' },
    { CUEDOT_ROLL_POLL: '6m' },
  ])('takes no time that is none: %o', (times) => {
    const [name = ''] = Object.keys(times)
    expect(() => readVariables({ ...ECS, ...times })).toThrow(`${name} must be a time from`)
  })

  test('has no health URL by default, and an empty one is none', () => {
    expect(readVariables(ECS)).not.toHaveProperty('healthUrl')
    expect(readVariables({ ...ECS, OPENEMR_HEALTHCHECK_URL: '' })).not.toHaveProperty('healthUrl')
    const url = 'https://openemr.example'
    expect(readVariables({ ...ECS, OPENEMR_HEALTHCHECK_URL: url }).healthUrl).toBe(url)
  })

  test.each([
    ...Object.keys(ECS).map((name) => ({ env: ECS, name })),
    ...Object.keys(EKS).map((name) => ({ env: EKS, name })),
  ])('T11 without $name, or with an empty one, is refused by its name', ({ env, name }) => {
    const text = `Missing required environment variables: ${name}`
    expect(() => readVariables({ ...env, [name]: '' })).toThrow(new Error(text))
    const { [name]: _gone, ...rest } = env as Record<string, string>
    expect(() => readVariables(rest)).toThrow(new Error(text))
  })

  test('T11 lists all that is missing in its order, of ECS where nothing says EKS', () => {
    const names = Object.keys(ECS).join(', ')
    expect(() => readVariables({})).toThrow(
      new Error(`Missing required environment variables: ${names}`),
    )
  })

  test('lists what EKS needs inside a Pod', () => {
    const names = Object.keys(EKS).join(', ')
    expect(() => readVariables({ KUBERNETES_SERVICE_HOST: '10.0.0.1' })).toThrow(
      new Error(`Missing required environment variables: ${names}`),
    )
  })

  test('of both platforms at once is refused', () => {
    expect(() => readVariables({ ...ECS, ...EKS })).toThrow(/ECS and of EKS are set/)
  })

  test('T5 has a default for the mount, which only repairing permissions takes', () => {
    expect(mountRootOf({})).toBe('/mnt/openemr-sites')
    expect(mountRootOf({ OPENEMR_SITES_MOUNT_ROOT: '/x' })).toBe('/x')
  })
})
