import { lambdaTests } from './lambda-tests.ts'
import { accountTests } from './lambda-account-tests.ts'

lambdaTests('mysql')
accountTests('mysql')
