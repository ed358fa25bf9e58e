import { databaseConformance } from '../../testkit/src/conformance/database.ts'
import { postgresFixture } from '../../testkit/src/servers/pg-fixture.ts'
import { POSTGRES_HERE } from '../../testkit/src/servers/postgres.ts'

for (const version of POSTGRES_HERE)
  databaseConformance(`PostgreSQL ${version}`, () => postgresFixture(version), {
    hasTwoPasswords: false,
    hasTemplates: false,
  })
