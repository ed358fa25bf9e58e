import { describe } from 'vitest'
import { mysqlRig } from '../../testkit/src/rig/mysql.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import { rotationTests } from './rotation-tests.ts'

// Where there is none its server fixture prints so.
describe.skipIf(MYSQL_HERE === undefined)('MySQL', () => {
  rotationTests('MySQL', mysqlRig)
})
