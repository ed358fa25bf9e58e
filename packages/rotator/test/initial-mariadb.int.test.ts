import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { initialTests } from './initial-tests.ts'

initialTests('MariaDB', mariadbRig)
