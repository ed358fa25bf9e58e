import { afterAll, beforeAll, expect, test } from 'vitest'
import { effects, lambdaTests } from './lambda-tests.ts'
import { LambdaWorld } from './lambda-world.ts'

lambdaTests('postgres')

let world: LambdaWorld
beforeAll(async () => {
  world = await LambdaWorld.start('postgres')
})
afterAll(async () => await world[Symbol.asyncDispose]())

/** Whether this role may do it, as the server says. */
async function as(username: string, sql: string): Promise<unknown> {
  try {
    await world.root.ask(`SET SESSION AUTHORIZATION ${username}`)
    const works = `SELECT setting FROM pg_roles, unnest(rolconfig) AS setting
      WHERE rolname = '${username}' AND setting LIKE 'role=%'`
    const [[role] = []] = await world.root.ask(works)
    if (typeof role === 'string') await world.root.ask(`SET ROLE ${role.slice('role='.length)}`)
    return await world.root.ask(sql)
  } finally {
    await world.root.ask('RESET ROLE')
    await world.root.ask('RESET SESSION AUTHORIZATION')
  }
}

test('T92: what one of two users makes, the other may change and drop', async () => {
  const user = await world.makeUser()
  const { username } = user
  const clone = `${username}_clone`
  await as(username, `CREATE TABLE first_${username} (id int)`)
  const secret = await world.makeSecret(world.flat(user, { masterarn: world.adminSecret }))
  await world.rotate(secret)
  await as(clone, `INSERT INTO first_${username} VALUES (1)`)
  await as(clone, `ALTER TABLE first_${username} ADD COLUMN more int`)
  await as(clone, `CREATE TABLE second_${username} (id int)`)
  await world.rotate(secret)
  await as(username, `ALTER TABLE second_${username} ADD COLUMN more int`)
  const drop = `DROP TABLE second_${username}, first_${username}`
  expect(await as(username, drop)).toEqual([])
})

test('T92: what is granted to one after a rotation, the other gets with the next', async () => {
  const user = await world.makeUser()
  const { username } = user
  const secret = await world.makeSecret(world.flat(user, { masterarn: world.adminSecret }))
  await world.rotate(secret)
  await world.rotate(secret)
  await world.root.ask(`CREATE TABLE later_${username} (id int)`)
  await world.root.ask(`ALTER TABLE later_${username} OWNER TO ${world.rig.admin.username}`)
  await world.root.ask(`GRANT SELECT ON later_${username} TO ${username}`)
  const token = world.announce(secret)
  await world.call(secret, 'createSecret', token)
  expect(effects(await world.call(secret, 'setSecret', token))).toContain('set')
  const may = `SELECT has_table_privilege('${username}_clone', 'later_${username}', 'SELECT')`
  expect(await world.root.ask(may)).toEqual([[true]])
})
