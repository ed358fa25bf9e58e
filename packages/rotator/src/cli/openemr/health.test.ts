import { expect, test } from 'vitest'
import { healthWarning } from './health.ts'
import { readVariables } from './variables.ts'

const ENV = {
  ...{ AWS_REGION: 'eu-central-1', RDS_SLOT_SECRET_ID: 'slots', RDS_ADMIN_SECRET_ID: 'admin' },
  ...{ OPENEMR_SITES_MOUNT_ROOT: '/mnt/sites' },
  ...{ OPENEMR_ECS_CLUSTER: 'c', OPENEMR_ECS_SERVICE: 's' },
}

test('T12 no page is asked, and nothing is warned of, unless one is named', async () => {
  expect(await healthWarning(readVariables(ENV).healthUrl)).toBeUndefined()
})

test('an address that is none is warned of', async () => {
  const { healthUrl } = readVariables({ ...ENV, OPENEMR_HEALTHCHECK_URL: 'ftp://openemr/' })
  expect(await healthWarning(healthUrl)).toBe(
    'WARNING: OpenEMR health probe unreachable (no http address); relying on the judged rollout',
  )
})
