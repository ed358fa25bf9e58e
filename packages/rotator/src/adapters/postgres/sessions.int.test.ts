import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { POSTGRES_HERE, startPostgres } from '../../../../testkit/src/servers/postgres.ts'
import type { TestPostgres } from '../../../../testkit/src/servers/postgres.ts'
import type { AdminSession, Database } from '../../ports/database.ts'
import { postgresDatabase } from './database.ts'

const call = () => ({ signal: AbortSignal.timeout(20_000) })
const password = new Sensitive('a password of 2 parts', 'password of the test')

for (const version of POSTGRES_HERE)
  describe(`sessions in PostgreSQL ${version}`, () => {
    let server: TestPostgres
    let db: Database
    beforeAll(async () => {
      server = await startPostgres({ version, settings: { max_prepared_transactions: '5' } })
      db = at([{ host: server.host, port: server.port }])
    })
    afterAll(() => server.stop())
    const at = (endpoints: readonly { host: string; port: number }[]): Database =>
      postgresDatabase({ endpoints, dbname: 'app', tls: { mode: 'off' } })
    const session = (as = server.admin, through = db): Promise<AdminSession> =>
      through.admin(as, { target: 'sessions', lock: 'look', holder: 'test' }, call())
    const user = async (username: string, ...more: readonly string[]): Promise<Credential> => {
      const secret = password.reveal()
      await server.sql(
        `CREATE ROLE ${username} LOGIN PASSWORD '${secret}' ADMIN ${server.admin.username}`,
        ...more,
      )
      return { ...server.admin, username, password }
    }
    const ended = async (client: pg.Client): Promise<boolean> =>
      await client.query('SELECT 1').then(
        () => false,
        () => true,
      )

    test('exactly the named session is ended, and ending it again is no error', async () => {
      const who = await user('two_clients')
      const [first, second] = [await server.connect(who, 'first'), await server.connect(who)]
      await using admin = await session()
      const all = await admin.sessions([who.username], call())
      const named = all.filter(({ application }) => application === 'first')
      expect([all.length, named.length]).toEqual([2, 1])
      await admin.endSessions(named, call())
      expect([await ended(first), await ended(second)]).toEqual([true, false])
      await admin.endSessions(named, call())
      expect(await admin.sessions([who.username], call())).toEqual(
        all.filter(({ application }) => application !== 'first'),
      )
      await second.end()
    })

    test('sessions of a user that it has made itself are ended, too', async () => {
      const like = await user('was_there_before')
      await using admin = await session()
      await admin.provision(like.username, 'made_here', call())
      await admin.setPassword('made_here', password, call())
      const client = await server.connect({ ...like, username: 'made_here' })
      await admin.endSessions(await admin.sessions(['made_here'], call()), call())
      expect(await ended(client)).toBe(true)
    })

    test('a later session with the same process number is not meant', async () => {
      const who = await user('reused')
      const client = await server.connect(who)
      await using admin = await session()
      const [seen] = await admin.sessions([who.username], call())
      const earlier = seen!.id.replace(/ \d+/, (start) => ` ${Number(start) - 1}`)
      expect(earlier).not.toBe(seen!.id)
      await admin.endSessions([{ ...seen!, id: earlier }], call())
      expect(await ended(client)).toBe(false)
      await client.end()
    })

    test('a session is ended at the endpoint that reported it, and nowhere else', async () => {
      const who = await user('somewhere')
      const client = await server.connect(who)
      await using admin = await session()
      const [seen] = await admin.sessions([who.username], call())
      await admin.endSessions([{ ...seen!, endpoint: 'elsewhere:5432' }], call())
      expect(await ended(client)).toBe(false)
      await client.end()
    })

    test('the admin never ends its own sessions, neither here nor on a reader', async () => {
      const { port } = server
      const two = at([
        { host: server.host, port },
        { host: 'localhost', port },
      ])
      const [name, endpoints] = [server.admin.username, two.endpoints]
      await using admin = await session(server.admin, two)
      expect(await admin.sessions([name], call())).toEqual([])
      await using other = await session(server.admin, two)
      const ours = await other.sessions([name], call())
      expect(ours.map(({ endpoint }) => endpoint).toSorted()).toEqual(
        [...endpoints, ...endpoints].toSorted(),
      )
      await admin.endSessions(ours, call())
      expect(await other.sessions([name], call())).toEqual(ours)
    })

    test('a session that the admin may not end is denied, and stays', async () => {
      await user('out_of_reach', `REVOKE out_of_reach FROM ${server.admin.username}`)
      const client = await server.connect({ ...server.admin, username: 'out_of_reach', password })
      await using admin = await session()
      const seen = await admin.sessions(['out_of_reach'], call())
      expect(seen).toHaveLength(1)
      const refused = { code: 'ERR_DB_DENIED', details: { operation: /out_of_reach/ } }
      await expect(admin.endSessions(seen, call())).rejects.toMatchObject({
        ...refused,
        details: { operation: 'end a session of out_of_reach' },
      })
      expect(await ended(client)).toBe(false)
      const blind = await user('blind')
      await using weak = await session(blind)
      const hidden = await weak.sessions(['out_of_reach'], call())
      await expect(weak.endSessions(hidden, call())).rejects.toMatchObject({ code: refused.code })
      await client.end()
    })

    test.for([
      ['billing cred=v-1', 'v-1'],
      ['cred=0f4;team=a', '0f4'],
      ['sacred=no', ''],
      ['billing', ''],
    ] as const)('the application %j names the credential %j', async ([application, told]) => {
      const who = await user(`told_${Buffer.from(application).toString('hex')}`)
      const client = await server.connect(who, application)
      await using admin = await session()
      const [seen] = await admin.sessions([who.username], call())
      expect(seen).toMatchObject({ application, credentialVersion: told })
      await client.end()
    })

    test('a prepared transaction counts as a session of its owner, and is not ended', async () => {
      const who = await user('prepares')
      const client = await server.connect(who)
      await client.query(`BEGIN; SELECT 1; PREPARE TRANSACTION 'left behind'`)
      await client.end()
      await using admin = await session()
      const left = await admin.sessions(['prepares'], call())
      expect(left).toMatchObject([
        { username: 'prepares', client: '', application: 'prepared transaction left behind' },
      ])
      await admin.endSessions(left, call())
      expect(await admin.sessions(['prepares'], call())).toEqual(left)
      const owner = await server.connect(who)
      await owner.query(`COMMIT PREPARED 'left behind'`)
      await owner.end()
    })

    test("a prepared transaction of an owner role is nobody's session", async () => {
      const work = (slot: string): Promise<Credential> =>
        user(slot, `GRANT common TO ${slot}`, `ALTER ROLE ${slot} SET role = 'common'`)
      await server.sql('CREATE ROLE common NOLOGIN')
      const a = await server.connect(await work('works_a'))
      await a.query(`BEGIN; SELECT 1; PREPARE TRANSACTION 'of the owner role'`)
      await a.end()
      await using admin = await session()
      expect(await admin.sessions(['works_a'], call())).toEqual([])
      const b = await server.connect(await work('works_b'))
      await b.query(`COMMIT PREPARED 'of the owner role'`)
      await b.end()
    })

    test('a role has one password, and its logins are not counted', async () => {
      await using admin = await session()
      const kept = { kept: password }
      await expect(admin.setPasswords('anybody', kept, call())).rejects.toMatchObject({
        code: 'ERR_DB_UNSUPPORTED',
      })
      expect(await admin.hasSecondPassword('anybody', call())).toBe('nowhere')
      expect(await admin.loginCount('anybody', call())).toBeUndefined()
    })
  })
