import { once } from 'node:events'
import { connect as dial, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { POSTGRES_HERE, startPostgres } from '../../../../testkit/src/servers/postgres.ts'
import type { TestPostgres } from '../../../../testkit/src/servers/postgres.ts'
import { makeTestTls } from '../../../../testkit/src/servers/tls.ts'
import type { AdminSession, Database } from '../../ports/database.ts'
import { postgresDatabase } from './database.ts'

const call = () => ({ signal: AbortSignal.timeout(20_000) })
const PATIENT = { timeout: 10_000 }
const password = new Sensitive('a password of 2 parts', 'password of the test')

for (const version of POSTGRES_HERE)
  describe(`PostgreSQL ${version} alone`, () => {
    let server: TestPostgres
    let db: Database
    beforeAll(async () => {
      server = await startPostgres({ version })
      db = at(server.port)
    })
    afterAll(() => server.stop())
    const at = (port: number, dbname = 'app'): Database =>
      postgresDatabase({ endpoints: [{ host: '127.0.0.1', port }], dbname, tls: { mode: 'off' } })
    const session = (as: Credential, through = db, target = 'alone'): Promise<AdminSession> =>
      through.admin(as, { target, lock: 'take', holder: 'test' }, call())
    const login = (who: Credential, through = db) =>
      through.login(who, through.endpoints[0] ?? '', call())
    const superuser = () => server.connect(server.superuser)
    const user = async (username: string, more = ''): Promise<Credential> => {
      const who = { ...server.admin, username, password }
      await server.sql(`CREATE ROLE ${username} LOGIN ADMIN ${server.admin.username} ${more}`)
      await using root = await session(server.superuser, db, username)
      await root.setPassword(username, password, call())
      return who
    }

    test('plaintext where pg_hba.conf wants TLS is no wrong password', async () => {
      await using tls = await makeTestTls()
      await using strict = await startPostgres({ version, tls })
      await expect(login(strict.admin, at(strict.port))).rejects.toMatchObject({
        code: 'ERR_DB_UNREACHABLE',
      })
    })

    test('a database that is not there or closed to the user is no wrong password', async () => {
      const who = await user('closed_out')
      await server.sql('CREATE DATABASE closed', 'REVOKE CONNECT ON DATABASE closed FROM PUBLIC')
      await expect(login(who, at(server.port, 'nowhere'))).rejects.toMatchObject({
        code: 'ERR_DB_STATEMENT',
        details: { sqlstate: '3D000' },
      })
      await expect(login(who, at(server.port, 'closed'))).rejects.toMatchObject({
        code: 'ERR_DB_DENIED',
      })
    })

    test('an expired password is denied, and so is a wrong one of a locked role', async () => {
      const expired = await user('expired', `VALID UNTIL '2020-01-01'`)
      expect(await login(expired)).toBe('denied')
      const locked = await user('locked_out')
      await server.sql('ALTER ROLE locked_out NOLOGIN')
      expect(await login(locked)).toBe('locked')
      const wrong = { ...locked, password: new Sensitive('wrong', 'wrong password') }
      expect(await login(wrong)).toBe('denied')
    })

    test('a superuser reads the verifier back, and no verifier stands in the log', async () => {
      const who = await user('read_back')
      expect(await login(who)).toBe('accepted')
      const log = await server.log()
      expect(log).toContain('CREATE ROLE read_back')
      const verifiers = log.split('\n').filter((line) => line.includes('SCRAM-SHA-256$'))
      // The fixture makes its admin with one.
      expect(verifiers.filter((line) => !line.includes('CREATE ROLE "cuedot_admin"'))).toEqual([])
      const root = await superuser()
      const { rows } = await root.query(
        `SELECT rolpassword LIKE 'SCRAM-SHA-256$4096:%' AS good FROM pg_authid
         WHERE rolname = 'read_back'`,
      )
      await root.end()
      expect(rows).toEqual([{ good: true }])
    })

    test('a SCRAM verifier is set where the server itself would make an md5 hash', async () => {
      await using old = await startPostgres({ version, settings: { password_encryption: 'md5' } })
      await old.sql('CREATE ROLE modern LOGIN')
      const there = at(old.port)
      await using root = await session(old.superuser, there, 'modern')
      await root.setPassword('modern', password, call())
      expect(await login({ ...old.admin, username: 'modern', password }, there)).toBe('accepted')
    })

    test('a user whose settings make it act as another changes its own password', async () => {
      const who = await user('acts_as')
      await server.sql('CREATE ROLE acted NOLOGIN', 'GRANT acted TO acts_as')
      await server.sql('ALTER ROLE acts_as SET role TO acted')
      const next = { ...who, password: new Sensitive('next one', 'next password') }
      await using own = await session(who, db, 'own password')
      await own.setPassword('acts_as', next.password, call())
      expect(await login(next)).toBe('accepted')
      expect(await login(who)).toBe('denied')
    })

    test('an admin without the right to is told so', async () => {
      const weak = await user('weak')
      const strong = await user('strong')
      await using own = await session(weak, db, 'weak')
      const attempts = [
        own.setPassword('strong', new Sensitive('taken', 'password'), call()),
        own.quarantine('strong', true, call()),
        own.provision('strong', 'stronger', call()),
      ]
      const denied = { status: 'rejected', reason: { code: 'ERR_DB_DENIED' } }
      expect(await Promise.allSettled(attempts)).toMatchObject([denied, denied, denied])
      expect(await login(strong)).toBe('accepted')
    })

    test('what is asked of one session at once is done in turn', async () => {
      const who = await user('in_turn')
      await server.sql('CREATE TABLE owned (id int)', 'CREATE ROLE owns LOGIN')
      await server.sql('ALTER TABLE owned OWNER TO owns')
      await using admin = await session(server.admin)
      const next = { ...who, password: new Sensitive('in turn', 'password') }
      const [refused, set] = await Promise.allSettled([
        admin.provision('owns', 'owns_2', call()),
        admin.setPassword('in_turn', next.password, call()),
      ])
      expect([refused.status, set.status]).toEqual(['rejected', 'fulfilled'])
      expect(await login(next)).toBe('accepted')
    })

    test.runIf(Number(version) >= 16)(
      'CREATEROLE alone does not reach the role of another admin',
      async () => {
        await server.sql('CREATE ROLE not_ours LOGIN')
        await using admin = await session(server.admin)
        const attempt = admin.setPassword('not_ours', password, call())
        await expect(attempt).rejects.toMatchObject({ code: 'ERR_DB_DENIED' })
      },
    )

    test('a read-only server is a server to come back to, and nothing has happened', async () => {
      const who = await user('unchanged')
      await user('reader', 'CREATEROLE')
      await using admin = await session({ ...who, username: 'reader' }, db, 'read only')
      await server.setReadOnly(true)
      const other = new Sensitive('other', 'password')
      const change = admin.setPassword('unchanged', other, call()).catch((error: unknown) => error)
      expect(await change).toMatchObject({ code: 'ERR_DB_READ_ONLY', retry: 'safe' })
      const another = session({ ...who, username: 'reader' }, db, 'another')
      await expect(another).rejects.toMatchObject({ code: 'ERR_DB_READ_ONLY' })
      await server.setReadOnly(false)
      expect(await login(who)).toBe('accepted')
    })

    test('bears other sessions that alter the same role', async () => {
      await user('contended')
      const crowd = Array.from({ length: 4 }, async (_, index) => {
        await using admin = await session(server.admin, db, `crowd ${index}`)
        for (let round = 0; round < 25; round += 1)
          await admin.quarantine('contended', round % 2 === 0, call())
      })
      expect(await Promise.allSettled(crowd)).toEqual(
        crowd.map(() => ({ status: 'fulfilled', value: undefined })),
      )
    })

    test('readers are reached with the new password of the admin', async () => {
      const { host, port } = server
      const two = postgresDatabase({
        endpoints: [
          { host, port },
          { host: 'localhost', port },
        ],
        dbname: 'app',
        tls: { mode: 'off' },
      })
      const who = await user('changes_itself')
      await using own = await session(who, two, 'changes itself')
      await own.setPassword(who.username, new Sensitive('changed', 'password'), call())
      expect(await own.sessions([who.username], call())).toEqual([])
    })

    test('a role that may have one session at a time changes its own password', async () => {
      const who = await user('single_session', 'CONNECTION LIMIT 1')
      const next = { ...who, password: new Sensitive('alone', 'password') }
      for (const from of [who, next]) {
        await db.changeOwnPassword(from, next.password, call())
        expect([await login(who), await login(next)]).toEqual(['denied', 'accepted'])
      }
    })

    test('a role that works as another changes its own password, on md5 servers too', async () => {
      await using old = await startPostgres({ version, settings: { password_encryption: 'md5' } })
      const scram = "SET password_encryption TO 'scram-sha-256'"
      await old.sql(scram, "CREATE ROLE works LOGIN PASSWORD 'first'", 'CREATE ROLE worked_as')
      await old.sql('GRANT worked_as TO works', 'ALTER ROLE works SET role TO worked_as')
      const there = at(old.port)
      const who = { ...old.admin, username: 'works', password: new Sensitive('first', '') }
      await there.changeOwnPassword(who, password, call())
      expect(await login({ ...who, password }, there)).toBe('accepted')
    })

    /** Changes an own password; `meanwhile` is while somebody else changes the same role. */
    const contended = async (username: string, meanwhile: 'lock' | AbortController) => {
      const who = await user(username)
      const [other, onlooker] = [await superuser(), await superuser()]
      await other.query(`BEGIN; ALTER ROLE ${username} NOLOGIN`)
      const until = meanwhile === 'lock' ? call() : meanwhile
      const change = db.changeOwnPassword(who, new Sensitive('late', 'password'), until)
      const outcome = change.catch((error: unknown) => error)
      const waiting = `SELECT FROM pg_stat_activity
        WHERE usename = '${username}' AND wait_event_type = 'Lock'`
      await expect.poll(async () => (await onlooker.query(waiting)).rowCount, PATIENT).toBe(1)
      if (meanwhile === 'lock') await other.query('COMMIT')
      else meanwhile.abort()
      const error = await outcome
      for (const each of [other, onlooker]) await each.end()
      return error
    }

    test('an own password that does not log in afterwards is not reported as set', async () => {
      expect(await contended('locked_meanwhile', 'lock')).toMatchObject({
        code: 'ERR_DB_UNSUPPORTED',
        details: { problem: expect.stringContaining('its login with it is locked') },
      })
    })

    test('an own password whose change is not waited for may have been changed', async () => {
      expect(await contended('not_waited_for', new AbortController())).toMatchObject({
        code: 'ERR_OUTCOME_UNKNOWN',
        details: { operation: 'set the password' },
      })
    })

    test('an own password is not changed on a read-only server', async () => {
      const who = await user('stays_as_it_is')
      await server.setReadOnly(true)
      const change = db.changeOwnPassword(who, new Sensitive('not set', 'password'), call())
      const error: unknown = await change.catch((reason: unknown) => reason)
      await server.setReadOnly(false)
      expect(error).toMatchObject({ code: 'ERR_DB_READ_ONLY', retry: 'safe' })
      expect(await login(who)).toBe('accepted')
    })

    test('the admin session refuses a connection pooler', async () => {
      await using pooler = await fakePooler(server.port)
      await expect(session(server.admin, at(pooler.port))).rejects.toMatchObject({
        code: 'ERR_DB_UNSUPPORTED',
      })
    })
  })

/** Names another server process than the one that answers, as poolers do. */
async function fakePooler(target: number): Promise<{ port: number } & AsyncDisposable> {
  const greeting = Buffer.from([0x4b, 0, 0, 0, 12])
  const server = createServer((client) => {
    const upstream = dial(target, '127.0.0.1')
    client.on('error', () => upstream.destroy())
    upstream.on('error', () => client.destroy())
    client.pipe(upstream)
    upstream.on('data', (chunk) => {
      const found = chunk.indexOf(greeting)
      if (found >= 0) chunk.writeInt32BE(1, found + greeting.length)
      client.write(chunk)
    })
    upstream.on('end', () => client.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}
