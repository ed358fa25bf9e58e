// Goal: no password leaves cuedot by any door. Method: the real command line on a PostgreSQL that
// logs everything; the passwords of the store are searched for in every spelling in outputs, files,
// arguments and environments of all processes, and the server's own logs. What servers refuse, the
// errors themselves and the other engines: bad-input-*.int.test.ts, which search the same places.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { leaksIn } from '../../testkit/src/leaks/search.ts'
import { loudPostgres } from '../../testkit/src/rig/loud.ts'
import { AWS_CANARY, leakWorld } from './leak-world.ts'
import type { LeakWorld } from './leak-world.ts'

let world: LeakWorld
beforeAll(async () => {
  world = await leakWorld(await loudPostgres())
})
afterAll(async () => await world[Symbol.asyncDispose]())

describe('I6 no password is said', () => {
  test.each([
    [['rotate', '--log-json']],
    [['rotate', '--json']],
    [['rotate']],
    [['status', '--json']],
    [['status']],
    [['plan', '--json']],
    [['verify', '--json']],
    [['verify']],
    [['heal', '--log-json']],
  ])('by %j', async (args) => {
    const { code, stdout, stderr } = await world.run(args, { env: { CUEDOT_DEBUG: '1' } })
    expect(code, stderr).toBe(0)
    expect(stdout).not.toBe('')
    expect(world.leaks()).toEqual([])
  })

  test('by a runtime that prints it in every way that it can think of', async () => {
    const script = `
      const { DB_PASSWORD: p } = require('node:util').parseEnv(
        require('node:fs').readFileSync('app.env', 'utf8'))
      const b = Buffer.from(p)
      console.error('with', p, encodeURIComponent(p), b.toString('base64'),
        b.toString('base64url'), b.toString('hex'), b.toString('hex').toUpperCase())
      process.exit(1)`
    const args = await withConfig('printing.yaml', (target) => {
      target['roll'] = [{ id: 'web', kind: 'command', argv: [process.execPath, '-e', script] }]
    })
    const { code, stdout } = await world.run(['rotate', '--log-json', ...args])
    expect(stdout).toContain('exited with 1: with [secret] [secret] [secret] [secret] [secret] [')
    expect(code).toBe(3)
    expect(world.leaks()).toEqual([])
    expect((await world.run(['heal'])).code).toBe(4)
  })

  test('about a config target that is broken around it', async () => {
    const file = join(world.rig.dir, 'broken.json')
    const { password } = world.engine.slots.A
    await writeFile(file, `{"user": "app_a", "password": "${password.reveal()}" oops}`)
    const args = await withConfig('broken.yaml', (target) => {
      target['publish'] = [
        {
          ...{ id: 'web', kind: 'json', path: 'broken.json' },
          pointers: { username: '/user', password: '/password' },
        },
      ]
    })
    const { code, stdout } = await world.run(['rotate', '--log-json', ...args])
    await writeFile(file, '')
    expect(stdout).toContain('ERR_TARGET_UNPARSABLE')
    expect(code).toBe(1)
    expect(world.leaks()).toEqual([])
  })

  test.each([
    ['is cut off', (text: string) => text.slice(0, -9)],
    ['lacks a user', (text: string) => text.replace('"username"', '"name"')],
    ['has a number for a password', (text: string) => text.replace(/"password":"[^"]+"/, '$&0')],
  ])('about a document that %s', async (_what, broken) => {
    const admin = secretsManagerAdmin(world.rig.store.endpoint)
    const { SecretString } = await admin.call('GetSecretValue', { SecretId: 'rig/slots' })
    const secret = `broken/${world.places.length}`
    await admin.createSecret(secret, broken(String(SecretString)))
    const args = await withConfig('document.yaml', (target) => {
      target['store'] = { ...Object(target['store']), secret }
    })
    const { code, stdout } = await world.run(['rotate', '--log-json', ...args])
    expect(stdout).toMatch(/ERR_DOCUMENT_/)
    expect(code).toBe(1)
    expect(world.leaks()).toEqual([])
  })
})

test('I6 no password is written down by the server, whatever it was asked', async () => {
  const said = await world.engine.said()
  const shown = said.filter(({ text }) => text.includes('ALTER ROLE'))
  expect(shown.map(({ name }) => name)).toEqual(['postgres.log', 'pg_stat_statements'])
  expect(await world.leaksAtServer()).toEqual([])
})

describe('I6 the search itself', () => {
  test('finds the password that the config target holds', async () => {
    const text = await readFile(join(world.rig.dir, 'app.env'), 'utf8')
    expect(world.secrets.size).toBeGreaterThan(6)
    expect(leaksIn([{ name: 'app.env', text }], world.secrets)).toHaveLength(1)
  })

  test('looked at processes and folders all the while', () => {
    const names = world.places.map(({ name }) => name).join('\n')
    for (const kind of [/^cmdline of/m, /^environ of/m]) expect(names).toMatch(kind)
    expect(world.commands().length).toBeGreaterThan(0)
    const written = world.files.filter(({ name }) => /\/\.cuedot-[^/]*\.env$/.test(name))
    expect(written.length).toBeGreaterThan(0)
  })
})

describe('I6 of what is secret', () => {
  test('nothing is in a file that others can read, or in a folder for temporary files', () => {
    const targets = world.files.filter(({ name }) => name.endsWith('.env'))
    const modes = targets.map(({ mode }) => mode).filter((mode) => mode !== undefined)
    expect(new Set(modes)).toEqual(new Set([0o600]))
    expect(world.files.filter(({ name }) => name.startsWith(world.temp))).toEqual([])
  })

  test('nothing of our own environment gets to a command', () => {
    const environments = world.commands().filter(({ name }) => name.startsWith('environ'))
    expect(environments.length).toBeGreaterThan(0)
    expect(leaksIn(environments, new Map([['AWS key', AWS_CANARY]]))).toEqual([])
  })

  test('nothing can be read by a debugger, which SIGUSR1 would open to all', async () => {
    let sent = false
    const { code, stderr } = await world.run(['rotate', '--log-json'], {
      // Once, in the middle: Node takes no signals any more while it ends.
      onLine: (line, signal) => {
        if (!sent && line.includes('"STEP_APPLIED"')) signal('SIGUSR1')
        sent ||= line.includes('"STEP_APPLIED"')
      },
    })
    expect(sent).toBe(true)
    expect(stderr).not.toContain('Debugger listening')
    expect(code).toBe(0)
  })
})

/** The configuration of the rig with something changed, and the arguments that choose it. */
async function withConfig(
  name: string,
  change: (target: Record<string, unknown>) => void,
): Promise<readonly string[]> {
  const text = await readFile(join(world.rig.dir, 'cuedot.yaml'), 'utf8')
  const config: { targets: { app: Record<string, unknown> } } = parse(text)
  change(config.targets.app)
  await writeFile(join(world.rig.dir, name), stringify(config))
  return ['--config', name]
}
