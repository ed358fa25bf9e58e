import { describe } from 'vitest'
import { mysqlRig } from '../../testkit/src/rig/mysql.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import { initialTests } from './initial-tests.ts'

// Where there is none its server fixture prints so.
describe.skipIf(MYSQL_HERE === undefined)('MySQL', () => {
  initialTests('MySQL', mysqlRig)
})
