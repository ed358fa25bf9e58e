import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { compromisedTests } from './compromised-tests.ts'

compromisedTests('MariaDB', mariadbRig, 'dual-password')
