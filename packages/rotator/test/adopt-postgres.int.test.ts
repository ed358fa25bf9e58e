import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { adoptTests } from './adopt-tests.ts'

adoptTests('PostgreSQL', postgresRig)
