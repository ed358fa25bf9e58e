import { faultTests } from './lambda-fault-tests.ts'

faultTests('mysql', [])
