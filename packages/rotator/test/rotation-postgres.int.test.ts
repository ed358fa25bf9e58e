import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { rotationTests } from './rotation-tests.ts'

rotationTests('PostgreSQL', postgresRig)
