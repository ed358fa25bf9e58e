import { grantMissingTests } from './grant-missing-tests.ts'
import { mariadbFixture, via } from './mariadb-fixture.ts'

grantMissingTests('MariaDB', {
  start: () => mariadbFixture({ performanceSchema: false }),
  identified: via,
  defaultRole: 'FOR',
  takesRole: [
    [
      "REVOKE ADMIN OPTION FOR reporting FROM 'keeps'@'%'",
      'role "reporting" with the right to grant it',
    ],
    ["REVOKE reporting FROM 'keeps'@'%'", 'role "reporting" with the right to grant it'],
  ],
})
