import { describe } from 'vitest'
import { databaseConformance } from '../../testkit/src/conformance/database.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import { mysqlFixture } from './mysql-fixture.ts'

describe.skipIf(MYSQL_HERE === undefined)(`MySQL ${MYSQL_HERE}`, () => {
  databaseConformance('MySQL', () => mysqlFixture(), { hasTwoPasswords: true, hasTemplates: true })
})
