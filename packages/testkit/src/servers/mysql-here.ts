import { MYSQL_ADVICE, findMysql } from './mysql-program.ts'

/**
 * The version of MySQL that this machine had when this module was loaded; `undefined` where it had
 * none. For test files, which are loaded when everything has been fetched.
 */
export const MYSQL_HERE: string | undefined = findMysql()?.version

if (MYSQL_HERE === undefined) console.warn(`no tests on MySQL: ${MYSQL_ADVICE}`)
