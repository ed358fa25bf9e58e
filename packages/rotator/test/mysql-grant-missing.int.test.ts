import { describe } from 'vitest'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import { grantMissingTests } from './grant-missing-tests.ts'
import { by, mysqlFixture } from './mysql-fixture.ts'

// Where there is none its server fixture prints so.
describe.skipIf(MYSQL_HERE === undefined)('MySQL', () => {
  grantMissingTests('MySQL', {
    start: () => mysqlFixture(),
    identified: by,
    defaultRole: 'TO',
    takesRole: [
      ["REVOKE reporting FROM 'keeps'@'%'", 'role "reporting" with the right to grant it'],
    ],
  })
})
