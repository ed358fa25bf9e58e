import { databaseConformance } from '../../testkit/src/conformance/database.ts'
import { mariadbFixture } from './mariadb-fixture.ts'

databaseConformance(
  'MariaDB with performance_schema',
  () => mariadbFixture({ performanceSchema: true }),
  { hasTwoPasswords: true, hasTemplates: true },
)
