import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { dualPasswordTests } from './dual-password-tests.ts'

dualPasswordTests('MariaDB', mariadbRig)
