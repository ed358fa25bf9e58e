import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { adoptTests } from './adopt-tests.ts'

adoptTests('MariaDB', mariadbRig)
