import { lambdaTests } from './lambda-tests.ts'

lambdaTests('mariadb')
