import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { effects } from './lambda-tests.ts'
import { LambdaWorld } from './lambda-world.ts'

/** What MySQL and MariaDB must keep of a user's account when another is made like it. */
export function accountTests(engine: Exclude<RigEngine['engine'], 'postgres'>): void {
  let world: LambdaWorld
  beforeAll(async () => {
    world = await LambdaWorld.start(engine)
  })
  afterAll(async () => await world[Symbol.asyncDispose]())

  const granted = async (username: string, host = '%'): Promise<readonly string[]> => {
    const rows = await world.root.ask(`SHOW GRANTS FOR '${username}'@'${host}'`)
    return rows.map(([line]) => String(line)).filter((line) => !line.includes('USAGE'))
  }
  const like = (lines: readonly string[], from: string, to: string): readonly string[] =>
    lines.map((line) => line.replaceAll(from, to))
  const sslType = async (username: string): Promise<unknown> => {
    const sql = `SELECT ssl_type FROM mysql.user WHERE user = '${username}' ORDER BY host`
    return await world.root.ask(sql)
  }

  describe(`T92: the second user (${engine})`, () => {
    test('has the grants and their options, host patterns and TLS of the first', async () => {
      const user = await world.makeUser()
      const local = `'${user.username}'@'127.0.0.1'`
      await world.makeEntry(user, '127.0.0.1')
      await world.root.ask(`GRANT DELETE ON ${world.rig.dbname}.* TO ${local}`)
      const flat = world.flat(user, { masterarn: world.adminSecret })
      const secret = await world.makeSecret({ ...flat, dbname: undefined })
      await world.rotate(secret)
      const clone = `${user.username}_clone`
      for (const host of ['%', '127.0.0.1']) {
        const wanted = await granted(user.username, host)
        expect(wanted).not.toEqual([])
        const found = like(await granted(clone, host), clone, user.username)
        expect(found.toSorted()).toEqual(wanted.toSorted())
      }
      expect(await sslType(clone)).toEqual(await sslType(user.username))
    })

    test('has the default role of the first', async () => {
      const user = await world.makeUser()
      const role = `role_${user.username}`
      await world.root.ask(`CREATE ROLE ${role}`)
      await world.root.ask(`GRANT UPDATE ON ${world.rig.dbname}.* TO ${role}`)
      await world.root.ask(`GRANT ${role} TO '${user.username}'@'%'`)
      const admin = `'${world.rig.admin.username}'@'%'`
      await world.root.ask(`GRANT ${role} TO ${admin} WITH ADMIN OPTION`)
      // MariaDB lets nobody else set a default role.
      if (engine === 'mariadb') await world.root.ask(`GRANT UPDATE ON mysql.* TO ${admin}`)
      await world.setDefaultRole(user.username, role)
      const secret = await world.makeSecret(world.flat(user, { masterarn: world.adminSecret }))
      await world.rotate(secret)
      const connection = await world.rig.connect(credentialOf(world, secret))
      await connection.close()
      expect(await world.defaultRole(`${user.username}_clone`)).toContain(role)
    })

    test('never becomes current after a crash between CREATE USER and its grants', async () => {
      const user = await world.makeUser()
      const secret = await world.makeSecret(
        world.flat(user, { masterarn: world.adminSecret, dbname: undefined }),
      )
      const token = world.announce(secret)
      await world.call(secret, 'createSecret', token)
      const staged = credentialOf(world, secret, 'AWSPENDING')
      await world.makeBareUser(staged.username, staged.password)
      const tested = await world.call(secret, 'testSecret', token)
      expect(tested.error).toMatchObject({ name: 'PRIVILEGES_DIFFER' })
      expect(tested.error?.message).toContain('INSERT')
      expect(effects(await world.call(secret, 'setSecret', token))).toContain('grant')
      const found = like(await granted(staged.username), staged.username, user.username)
      expect(found.toSorted()).toEqual((await granted(user.username)).toSorted())
    })
  })

  describe(`two passwords (${engine})`, () => {
    const dual = { CUEDOT_STRATEGY: 'dual-password' }

    test('leave no moment in which the current one is refused, and the oldest ends', async () => {
      const user = await world.makeUser()
      const secret = await world.makeSecret(world.flat(user, { masterarn: world.adminSecret }))
      const token = world.announce(secret)
      for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const) {
        const { error } = await world.call(secret, step, token, dual)
        expect(error).toBeUndefined()
        expect(await world.accepts(user.username, user.password)).toBe(true)
        const now = credentialOf(world, secret)
        expect(await world.accepts(now.username, now.password)).toBe(true)
      }
      expect(credentialOf(world, secret).username).toBe(user.username)
      await world.rotate(secret, dual)
      expect(await world.accepts(user.username, user.password)).toBe(false)
      for (const label of ['AWSCURRENT', 'AWSPREVIOUS']) {
        const { username, password } = credentialOf(world, secret, label)
        expect(await world.accepts(username, password)).toBe(true)
      }
    })

    test('setSecret twice adds one password', async () => {
      const secret = await world.makeSecret(
        world.flat(await world.makeUser(), { masterarn: world.adminSecret }),
      )
      const token = world.announce(secret)
      await world.call(secret, 'createSecret', token, dual)
      expect(effects(await world.call(secret, 'setSecret', token, dual))).toEqual(['set'])
      expect(effects(await world.call(secret, 'setSecret', token, dual))).toEqual([])
      const current = credentialOf(world, secret)
      expect(await world.accepts(current.username, current.password)).toBe(true)
    })

    test('are refused without an admin', async () => {
      const secret = await world.makeSecret(world.flat(await world.makeUser()))
      const { error } = await world.call(secret, 'createSecret', world.announce(secret), dual)
      expect(error).toMatchObject({ name: 'ERR_DOCUMENT_SHAPE' })
      expect(error?.message).toContain('masterarn')
    })
  })
}

/** The login that the version with this label has. */
export function credentialOf(
  world: LambdaWorld,
  secret: string,
  label = 'AWSCURRENT',
): Pick<Credential, 'username' | 'password'> {
  const { username = '', password = '' } = world.held(secret, label)
  return { username, password: new Sensitive(password, label) }
}
