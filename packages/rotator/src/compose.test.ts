import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sensitive } from '@cuedot/client/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSecret, composeTarget } from './compose.ts'
import { parseConfig } from './config/load.ts'
import type { Config } from './config/types.ts'

const call = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(10_000) })

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-compose-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

function config(dir: string, lines = '', engine = 'mariadb'): Config {
  const text = `version: 1
targets:
  app:
    strategy: alternating
    store: { kind: file, path: s/app.cuedot, key_file: k/key }
    admin: { store: { kind: secrets-manager, secret: admin, region: eu-central-1 } }
    database: { engine: ${engine}, endpoints: ["db.example", "reader.example:3307"] }
${lines}
  admin:
    strategy: single-user
    store: { kind: secrets-manager, secret: admin, region: eu-central-1 }
    database: { engine: postgres, endpoints: ["db.example"] }
  rds:
    strategy: managed
    store: { kind: secrets-manager, secret: "rds!db-1", region: eu-central-1 }
    database: { engine: postgres, endpoints: ["db.example"] }
    rds: { instance: shop }
    wait: { poll: 2s }
`
  return parseConfig(text, join(dir, 'cuedot.yaml'))
}

async function withKey(): Promise<string> {
  const dir = await folder()
  const [path, keyFile] = [join(dir, 's/app.cuedot'), join(dir, 'k/key')]
  await createSecret({ path, keyFile, value: new Sensitive('{}', 'document') }, call())
  return dir
}

describe('composeTarget', () => {
  test('makes a target with everything that its configuration names', async () => {
    const dir = await withKey()
    await writeFile(join(dir, 'ca.pem'), 'PEM')
    const lines = `    publish:
      - { id: env, kind: dotenv, path: .env, keys: { username: U, password: P } }
      - { id: json, kind: json, path: a.json, pointers: { username: /u, password: /p } }
      - { id: php, kind: php-sqlconf, path: sqlconf.php }
      - id: k8s
        kind: kubernetes-secret
        namespace: n
        name: s
        keys: { username: u, password: p }
    roll:
      - { id: command, kind: command, argv: ["true"], limit: 2s }
      - { id: page, kind: http-health, url: "https://app/", ca: ca.pem }
      - { id: web, kind: ecs-service, cluster: shop, service: web }
      - { id: nothing, kind: none }
      - { id: pods, kind: kubernetes-deployment, namespace: n, name: web, limit: 3s }
    drain: { quiet: 1s, limit: 2s, poll: 100ms }
    password: { exclude: "O0" }`
    const { target, release } = await composeTarget('app', config(dir, lines))
    expect(target.runtimes[2]).toMatchObject({ limitMs: 1_800_000, pollMs: 15_000 })
    expect(target.configs.map(({ id }) => id)).toEqual(['env', 'json', 'php', 'k8s'])
    expect(target.runtimes.map(({ id }) => id)).toEqual([
      'command',
      'page',
      'web',
      'nothing',
      'pods',
    ])
    expect(target.runtimes[0]?.limitMs).toBe(2_000)
    expect(target.runtimes[4]).toMatchObject({ limitMs: 3_000, pollMs: 15_000 })
    expect(target.database.endpoints).toEqual(['db.example:3306', 'reader.example:3307'])
    expect([target.store.secret, target.admin.secret]).toEqual(['app.cuedot', 'admin'])
    const { password, ...policy } = target.policy
    expect(policy).toMatchObject({ drainQuietMs: 1_000, drainLimitMs: 2_000, drainPollMs: 100 })
    expect(password.alphabet).toHaveLength(60)
    await release()
  })

  test.each([
    ['postgres', '5432'],
    ['mariadb', '3306'],
    ['mysql', '3306'],
  ])('makes the database of the engine %s with its default port', async (engine, port) => {
    const { target } = await composeTarget('app', config(await withKey(), '', engine))
    expect(target.database.endpoints).toEqual([`db.example:${port}`, 'reader.example:3307'])
  })

  test('gives a single user its own store as the admin’s', async () => {
    const { target } = await composeTarget('admin', config('/'))
    expect(target.admin).toBe(target.store)
    expect(target.configs).toEqual([])
  })

  test('gives a managed target RDS as its owner, and its own store as the admin’s', async () => {
    const { target } = await composeTarget('rds', config('/'))
    expect(target.admin).toBe(target.store)
    expect(target.owner).toMatchObject({ limitMs: 900_000, pollMs: 2_000, doubtMs: 60_000 })
    expect(target.configs).toEqual([])
  })

  test.each([
    ['nobody', '', /there is no target nobody; there are: app, admin, rds/],
    ['app', '    password: { length: 16, exclude: "abcdefghijklmnopqrstuvwxyz" }', /has 82 bits/],
    [
      'app',
      '    roll: [{ id: p, kind: http-health, url: "https://a/", ca: no.pem }]',
      /CA file cannot/,
    ],
  ])('refuses what cannot be: %s %s', async (name, lines, problem) => {
    const dir = await withKey()
    const composed = composeTarget(name, config(dir, lines))
    await expect(composed).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(problem),
    })
  })

  test('needs the key of a file store', async () => {
    const composed = composeTarget('app', config(await folder()))
    await expect(composed).rejects.toMatchObject({ code: 'ERR_STORE_KEY' })
  })
})

describe('createSecret', () => {
  const value = new Sensitive('{"canary":true}', 'document')

  test('makes folders, key and secret, and uses the key again', async () => {
    const dir = await folder()
    const keyFile = join(dir, 'k/key')
    const first = await createSecret({ path: join(dir, 's/a'), keyFile, value }, call())
    const second = await createSecret({ path: join(dir, 's/b'), keyFile, value }, call())
    expect([first, second]).toEqual([{ madeKey: true }, { madeKey: false }])
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600)
    expect((await stat(join(dir, 's'))).mode & 0o777).toBe(0o700)
    expect(await readFile(join(dir, 's/a'), 'latin1')).not.toContain('canary')
  })

  test('makes no key for a secret that is there already', async () => {
    const dir = await folder()
    await writeFile(join(dir, 'a'), 'somebody’s')
    const made = createSecret({ path: join(dir, 'a'), keyFile: join(dir, 'k/key'), value }, call())
    await expect(made).rejects.toMatchObject({ code: 'ERR_STORE_CONFLICT' })
    await expect(stat(join(dir, 'k'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('says that a folder cannot be made', async () => {
    const dir = await folder()
    await writeFile(join(dir, 'file'), '')
    const path = join(dir, 'file/below/secret')
    const made = createSecret({ path, keyFile: join(dir, 'key'), value }, call())
    await expect(made).rejects.toMatchObject({ code: 'ERR_STORE_DENIED' })
  })
})
