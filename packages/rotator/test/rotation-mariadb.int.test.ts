import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { rotationTests } from './rotation-tests.ts'

rotationTests('MariaDB', mariadbRig)
