import { faultTests } from './lambda-fault-tests.ts'

faultTests('mariadb', ['answer-lost'])
