import type { Credential } from '@cuedot/client/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import type { Database } from '../src/ports/database.ts'
import { accountOf, by, mysqlFixture, secret, soon } from './mysql-fixture.ts'
import type { MysqlFixture } from './mysql-fixture.ts'
import { logsDuring } from './mysql-logs.ts'

describe.skipIf(MYSQL_HERE === undefined)('the own password of a user of MySQL', () => {
  let fixture: MysqlFixture
  let db: Database
  beforeAll(async () => {
    fixture = await mysqlFixture({ binaryLog: true })
    const tls = { mode: 'verify', ca: fixture.ca } as const
    db = fixture.database({ endpoints: [fixture.endpoint], tls })
  })
  afterAll(async () => await fixture[Symbol.asyncDispose]())

  const credential = (username: string, password: string): Credential => ({
    ...fixture.admin,
    username,
    password: secret(password),
    dbname: 'information_schema',
  })
  const change = (user: string, from: string, to: string): Promise<void> =>
    db.changeOwnPassword(credential(user, from), secret(to), soon())
  const answers = (user: string, ...passwords: readonly string[]): Promise<readonly string[]> =>
    Promise.all(passwords.map((each) => db.login(credential(user, each), db.endpoints[0]!, soon())))
  const definitionOf = (user: string, host = '%'): Promise<string> =>
    accountOf(fixture, { user, host })

  test.for([
    ['strict', 'caching_sha2_password', 'PASSWORD REQUIRE CURRENT FAILED_LOGIN_ATTEMPTS 1'],
    ['older', 'sha256_password', "REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 500 COMMENT 'payroll'"],
  ] as const)('of %s with %s is changed, and nothing else', async ([user, plugin, settings]) => {
    await fixture.sql(`CREATE USER '${user}'@'%' IDENTIFIED WITH ${plugin} BY 'old' ${settings}`)
    const before = await definitionOf(user)
    await change(user, 'old', 'new')
    await change(user, 'new', 'new')
    expect(await answers(user, 'new')).toEqual(['accepted'])
    expect(await definitionOf(user)).toBe(before)
  })

  test('is changed at the host entry of the login, whatever the user may do', async () => {
    await fixture.sql(`CREATE USER 'self'@'%' ${by('old')}, 'self'@'127.0.0.1' ${by('old')}`)
    for (const host of ['%', '127.0.0.1']) await fixture.sql(`GRANT ALL ON *.* TO 'self'@'${host}'`)
    await change('self', 'old', 'new')
    expect(await answers('self', 'old', 'new')).toEqual(['denied', 'accepted'])
    await fixture.sql("DROP USER 'self'@'127.0.0.1'")
    expect(await answers('self', 'old', 'new')).toEqual(['accepted', 'denied'])
  })

  test('takes a second one with it where the user may discard it', async () => {
    for (const user of ['may', 'may-not']) {
      await fixture.sql(`CREATE USER '${user}'@'%' ${by('older')}`)
      await fixture.sql(`ALTER USER '${user}'@'%' ${by('old')} RETAIN CURRENT PASSWORD`)
    }
    await fixture.sql("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO 'may'@'%'")
    for (const user of ['may', 'may-not']) await change(user, 'old', 'new')
    const passwords = ['older', 'old', 'new']
    expect(await answers('may', ...passwords)).toEqual(['denied', 'denied', 'accepted'])
    expect(await answers('may-not', ...passwords)).toEqual(['accepted', 'denied', 'accepted'])
  })

  test('is not changed by a login with the second of two', async () => {
    await fixture.sql(`CREATE USER 'second'@'%' ${by('older')}`)
    await fixture.sql(`ALTER USER 'second'@'%' ${by('old')} RETAIN CURRENT PASSWORD`)
    await expect(change('second', 'older', 'new')).rejects.toMatchObject({
      code: 'ERR_DB_UNSUPPORTED',
      details: { problem: expect.stringContaining('the second of two') },
    })
    const after = await answers('second', 'older', 'old', 'new')
    expect(after).toEqual(['accepted', 'accepted', 'denied'])
  })

  test('stands in no log of the server in clear, nor does the one before', async () => {
    const canaries = ['canary-4712-before', 'canary-4712-after']
    const [before, after] = canaries
    await fixture.sql(`CREATE USER 'logged'@'%' ${by(before!)}`)
    const logs = await logsDuring(fixture, /ALTER USER [`'\\"]*logged/, () =>
      change('logged', before!, after!),
    )
    expect(await answers('logged', ...canaries)).toEqual(['denied', 'accepted'])
    for (const log of logs) expect(canaries.filter((each) => log.includes(each))).toEqual([])
  })

  test.for([
    ['log_raw', 'ERR_DB_UNSUPPORTED'],
    ['read_only', 'ERR_DB_READ_ONLY'],
  ] as const)('is not changed while %s is on', async ([setting, code]) => {
    await fixture.sql(`CREATE USER '${setting}'@'%' ${by('old')}`)
    await fixture.sql(`SET GLOBAL ${setting} = 1`)
    const error: unknown = await change(setting, 'old', 'new').catch((each: unknown) => each)
    await fixture.sql(`SET GLOBAL ${setting} = 0`)
    expect(error).toMatchObject({ code, details: { endpoint: db.endpoints[0] } })
    expect(await answers(setting, 'old', 'new')).toEqual(['accepted', 'denied'])
  })
})
