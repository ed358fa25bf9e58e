import { expect, test } from 'vitest'
import { quoteAccount } from '../src/adapters/mysql/protocol/sql.ts'
import type { AdminSession, UserTemplate } from '../src/ports/database.ts'
import { anywhere, soon } from './mysql-protocol-fixture.ts'
import type { ProtocolFixture } from './mysql-protocol-fixture.ts'

type Sql = ProtocolFixture<never>['sql']

/** What the tests need of the server that they run on. */
export interface TemplateParts {
  readonly sql: Sql
  /** A session of a user that may grant everything. */
  readonly root: () => Promise<AdminSession>
  /** The clause that gives an account this password. */
  readonly identified: (password: string) => string
}

const EQUAL = { state: 'equal', lacks: [] }
const ODD: UserTemplate = { privileges: 'all', dbname: 'my_db', tls: true }

/** What a template means on a server of MySQL's protocol. */
export function userTemplateTests(get: () => TemplateParts): void {
  const grantsOf = async (user: string, host = '%'): Promise<readonly string[]> => {
    const rows = await get().sql(`SHOW GRANTS FOR ${quoteAccount({ user, host })}`)
    return rows
      .map(([line]) => String(line).replaceAll(/ (?:IDENTIFIED|REQUIRE) .*/g, ''))
      .map((line) => line.replaceAll("'", '`'))
      .filter((line) => !line.startsWith('GRANT USAGE '))
  }

  test('a template gives everything in one database, which no other name fits', async () => {
    await using session = await get().root()
    await session.provision(ODD, 'templated', soon())
    expect(await session.compareUsers(ODD, 'templated', soon())).toEqual(EQUAL)
    const only = String.raw`GRANT ALL PRIVILEGES ON ${'`my\\_db`'}.* TO ${anywhere('templated')}`
    expect(await grantsOf('templated')).toEqual([only])
    const [[account] = []] = await get().sql(`SHOW CREATE USER ${anywhere('templated')}`)
    expect(String(account)).toMatch(/ REQUIRE SSL .*ACCOUNT LOCK/)
  })

  test('a template lets TLS alone where the server is reached without', async () => {
    await using session = await get().root()
    const plain = { ...ODD, tls: false }
    await session.provision(plain, 'templated-plain', soon())
    expect(await session.compareUsers(plain, 'templated-plain', soon())).toEqual(EQUAL)
    const compared = await session.compareUsers(ODD, 'templated-plain', soon())
    expect(compared.lacks).toEqual(['requires TLS'])
  })

  test('a template finds a grant enough that fits more databases than its own', async () => {
    const { sql, root, identified } = get()
    await sql(`CREATE USER 'broad'@'%' ${identified('broad')} REQUIRE X509`)
    await sql("GRANT ALL PRIVILEGES ON `my_db`.* TO 'broad'@'%'")
    await using session = await root()
    expect(await session.compareUsers(ODD, 'broad', soon())).toEqual(EQUAL)
  })

  test('a template leaves the host patterns of a user alone, and grants to each', async () => {
    const { sql, root, identified } = get()
    for (const host of ['10.%', '192.168.%'])
      await sql(`CREATE USER 'narrow'@'${host}' ${identified('narrow')}`)
    await sql("GRANT SELECT ON `my\\_db`.* TO 'narrow'@'10.%'")
    await using session = await root()
    const before = await session.compareUsers(ODD, 'narrow', soon())
    expect(before.state).toBe('differs')
    expect(before.lacks.toSorted()).toEqual([
      String.raw`ALL PRIVILEGES on database "my\_db" (from "10.%")`,
      String.raw`ALL PRIVILEGES on database "my\_db" (from "192.168.%")`,
      'requires TLS (from "10.%")',
      'requires TLS (from "192.168.%")',
    ])
    await session.grantMissing(ODD, 'narrow', soon())
    expect(await session.compareUsers(ODD, 'narrow', soon())).toEqual(EQUAL)
    const hosts = await sql("SELECT Host FROM mysql.user WHERE User = 'narrow' ORDER BY 1")
    expect(hosts).toEqual([['10.%'], ['192.168.%']])
  })
}
