import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { compromisedTests } from './compromised-tests.ts'

compromisedTests('PostgreSQL', postgresRig)
