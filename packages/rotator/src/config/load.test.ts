import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isRotatorError } from '../errors.ts'
import { loadConfig, parseConfig } from './load.ts'

const STORE = '{ kind: file, path: secrets/app.cuedot, key_file: secrets/key }'
const LEAST = `version: 1
targets:
  app:
    strategy: alternating
    store: ${STORE}
    admin: { store: { kind: secrets-manager, secret: admin } }
    database: { engine: postgres, endpoints: ["db.example:6432", "[::1]"], dbname: app }
`

const MANAGED = `version: 1
targets:
  admin:
    strategy: managed
    store: { kind: secrets-manager, secret: "rds!db-1" }
    database: { engine: mysql, endpoints: [db.example] }
    rds: { cluster: shop }
`

/** Every problem of a text, without the name of the file. */
function problems(text: string): readonly string[] {
  try {
    parseConfig(text, '/etc/cuedot.yaml')
  } catch (error) {
    if (!isRotatorError(error) || error.code !== 'ERR_CONFIG') throw error
    return error.details.problem.replaceAll('/etc/cuedot.yaml:', '').split('\n')
  }
  return []
}

const withLine = (line: string): string => `${LEAST}    ${line}\n`

describe('a configuration that can be used', () => {
  test('has defaults, milliseconds and absolute paths', () => {
    expect(parseConfig(LEAST, '/etc/cuedot.yaml')).toEqual({
      file: '/etc/cuedot.yaml',
      fingerprints: { app: expect.stringMatching(/^[0-9a-f]{64}$/) },
      targets: {
        app: {
          strategy: 'alternating',
          store: { kind: 'file', path: '/etc/secrets/app.cuedot', keyFile: '/etc/secrets/key' },
          admin: { store: { kind: 'secrets-manager', secret: 'admin' } },
          database: {
            engine: 'postgres',
            endpoints: [
              { host: 'db.example', port: 6432 },
              { host: '::1', port: 5432 },
            ],
            dbname: 'app',
            poolers: [],
            tls: { mode: 'verify' },
          },
          publish: [],
          roll: [],
          drain: { quietMs: 5_000, limitMs: 900_000, pollMs: 1_000 },
          proveLimitMs: 60_000,
          callLimitMs: 30_000,
          evictAfterMs: 30_000,
          password: { length: 30, exclude: '' },
        },
      },
    })
  })

  test('may say everything', () => {
    const text = `${LEAST}    publish:
      - { id: a, kind: dotenv, path: /x/.env, keys: { username: U, password: P, port: PORT } }
      - { id: b, kind: json, path: b.json, pointers: { username: /u, password: /p } }
      - { id: c, kind: php-sqlconf, path: sqlconf.php }
      - id: d
        kind: kubernetes-secret
        namespace: openemr
        name: openemr-db-credentials
        context: prod
        keys: { username: mysql-user, password: mysql-password, host: mysql-host }
        type: Opaque
    roll:
      - { id: a, kind: command, argv: [systemctl, restart, app], inherit: [AWS_REGION] }
      - { id: b, kind: http-health, url: "https://app/health", limit: 2m, ca: ca.pem }
      - { id: c, kind: none }
      - { id: d, kind: ecs-service, cluster: shop, service: web, region: eu-central-1 }
      - { id: e, kind: ecs-service, cluster: c, service: s, limit: 5s, endpoint: "http://[::1]" }
      - { id: f, kind: kubernetes-deployment, namespace: openemr, name: web, kubeconfig: k.yaml }
    drain: { quiet: 0s }
    quarantine: 10m
    max_age: 30d
`
    const { app } = parseConfig(text, '/etc/cuedot.yaml').targets
    expect(app).toMatchObject({
      publish: [
        { path: '/x/.env' },
        { path: '/etc/b.json' },
        { kind: 'php-sqlconf' },
        {
          kind: 'kubernetes-secret',
          namespace: 'openemr',
          name: 'openemr-db-credentials',
          context: 'prod',
          keys: { username: 'mysql-user', password: 'mysql-password', host: 'mysql-host' },
          type: 'Opaque',
        },
      ],
      roll: [
        { argv: ['systemctl', 'restart', 'app'], cwd: '/etc', limitMs: 300_000 },
        { caFile: '/etc/ca.pem', intervalMs: 1_000, successes: 3, expect: [200] },
        { kind: 'none' },
        { cluster: 'shop', region: 'eu-central-1', limitMs: 1_800_000, pollMs: 15_000 },
        { service: 's', endpoint: 'http://[::1]', limitMs: 5_000, pollMs: 5_000 },
        { name: 'web', kubeconfig: '/etc/k.yaml', limitMs: 1_800_000, pollMs: 15_000 },
      ],
      drain: { quietMs: 0, limitMs: 900_000 },
      maxAgeMs: 2_592_000_000,
    })
  })

  test('leaves a managed password to RDS, and says how long to wait for it', () => {
    const { targets } = parseConfig(MANAGED, '/etc/cuedot.yaml')
    expect(targets['admin']).toEqual({
      strategy: 'managed',
      store: { kind: 'secrets-manager', secret: 'rds!db-1' },
      database: {
        engine: 'mysql',
        endpoints: [{ host: 'db.example', port: 3306 }],
        poolers: [],
        dbname: '',
        tls: { mode: 'verify' },
      },
      rds: { cluster: 'shop' },
      wait: { limitMs: 900_000, pollMs: 5_000, doubtMs: 60_000 },
      evictAfterMs: 30_000,
      proveLimitMs: 60_000,
      callLimitMs: 30_000,
    })
  })

  test('is read from a file', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cuedot-config-'))
    onTestFinished(() => rm(dir, { recursive: true }))
    await writeFile(join(dir, 'cuedot.yaml'), LEAST)
    const { file, targets } = await loadConfig(join(dir, 'cuedot.yaml'))
    expect(file).toBe(join(dir, 'cuedot.yaml'))
    expect(targets['app']?.store).toMatchObject({ path: join(dir, 'secrets/app.cuedot') })
  })
})

describe('a configuration that cannot be used', () => {
  test.each([
    ['qarantine: true', '8:5 targets.app.qarantine unknown key; did you mean "quarantine"?'],
    ['drain: { quite: 1s }', '8:14 targets.app.drain.quite unknown key; did you mean "quiet"?'],
    ['drain: { x: 1s }', '8:14 targets.app.drain.x unknown key; known here: quiet, limit, poll'],
    ['drain: { quiet: 3h }', '8:14 targets.app.drain.quiet must be 0s to 1h'],
    ['call_limit: 30', '8:5 targets.app.call_limit must be a duration: a number with a unit'],
    ['quarantine: "yes"', '8:5 targets.app.quarantine'],
    ['password: { length: 8 }', '8:17 targets.app.password.length must be at least 16'],
    ['publish: {}', '8:5 targets.app.publish must be a list'],
    ['publish: [{ kind: x }]', 'publish.0.kind must be one of dotenv, json, php-sqlconf'],
    [
      'roll: [{ id: a, kind: kubernetes-deployment, namespace: N_S, name: web }]',
      'roll.0.namespace must be a namespace',
    ],
    [
      'roll: [{ id: a, kind: kubernetes-deployment, namespace: n, name: Web/1 }]',
      'roll.0.name must be the name of an object of Kubernetes',
    ],
    [
      'roll: [{ id: a, kind: kubernetes-deployment, namespace: n, name: web, pol: 1s }]',
      'did you mean "poll"?',
    ],
    ['roll: [{ id: a, kind: command, argv: [] }]', '8:36 targets.app.roll.0.argv.0 is missing'],
    ['roll: [{ id: a, kind: none }, { id: a, kind: none }]', 'two entries have the same id'],
    ['roll: [{ id: a, kind: http-health, url: "ftp://x" }]', 'must be an http or https URL'],
    ['roll: [{ id: a, kind: ecs-service, cluster: c }]', 'targets.app.roll.0.service is missing'],
    ['roll: [{ id: a, kind: ecs-service, cluster: c, service: s, poll: 0s }]', 'poll must be 50ms'],
    ['max_age: never', 'targets.app.max_age must be a duration'],
  ])('%s', (line, problem) => {
    const found = problems(withLine(line))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(problem)
  })

  test.each([
    ['tls: off', 'tls may be off for 127.0.0.0/8, ::1 and localhost only'],
    ['tls: maybe', 'tls must be one of verify, off'],
    ['tls: { cas: x }', 'tls.cas unknown key; did you mean "ca"?'],
    ['tls: { ca: 1 }', 'tls.ca must be a string'],
  ])('%s of a remote database', (tls, problem) => {
    const found = problems(LEAST.replace('dbname: app', `dbname: app, ${tls}`))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(problem)
  })

  test.each([
    ['kind: secrets-manager', 'kind: file', /^5:.*kind/],
    ['{ cluster: shop }', '{ cluster: shop, instance: shop }', /^7:.*instance/],
    ['{ cluster: shop }', '{}', /^7:/],
    ['rds: { cluster: shop }', 'password: { length: 20 }', /^7:.*password/],
    ['rds: { cluster: shop }', 'wait: { poll: 1ms }', /^7:.*poll/],
  ])('asks of a managed target what RDS can do: %s as %s', (from, to, problem) => {
    expect(problems(MANAGED.replace(from, to))).toEqual([expect.stringMatching(problem)])
  })

  test('is told with every problem at once, in the order of the lines', () => {
    const text = withLine('qarantine: 1')
      .replace('version: 1', 'version: 2')
      .replace('kind: file', 'kind: fil')
    expect(problems(text)).toEqual([
      '1:1 version must be 1',
      '5:14 targets.app.store.kind must be one of file, secrets-manager',
      '8:5 targets.app.qarantine unknown key; did you mean "quarantine"?',
    ])
  })

  test('names the target whose secret another one has, too', () => {
    const other = LEAST.split('\n').slice(2).join('\n').replace('app:', 'b:')
    expect(problems(LEAST + other)).toEqual([
      '10:5 targets.b.store is the secret of target app, too: each target needs its own',
    ])
  })

  test.each([
    ['', '1:1 must be a mapping of keys'],
    ['version: 1', '1:1 targets is missing'],
    ['version: 1\ntargets: {}', '2:1 targets must name at least one target'],
    ['a: 1\na: 2', '2:1 repeats a key'],
    ['a: "1', 'lacks a closing quote, bracket, brace or a colon'],
    ['a: !!js/function x', '1:4 has a tag, which has no meaning here'],
    ['a: *nowhere', 'uses aliases that lead nowhere'],
    ['---\na: 1\n---\nb: 2', 'is not YAML'],
  ])('%j is no configuration', (text, problem) => {
    expect(problems(text).join('\n')).toContain(problem)
  })

  test('never shows a value', () => {
    const canary = 'hunter2canary'
    const texts = [
      withLine(`qarantine: ${canary}`),
      withLine(`max_age: ${canary}`),
      withLine(`drain: ${canary}`),
      withLine(`publish: [{ kind: ${canary} }]`),
      LEAST.replace('alternating', canary),
      LEAST.replace('postgres', canary),
      LEAST.replace('dbname: app', `dbname: app, tls: ${canary}`),
      `a: "${canary}`,
      `a: !${canary} x`,
      `a: *${canary}`,
      `a: @${canary}`,
    ]
    for (const text of texts) {
      const found = problems(text)
      expect(found).not.toEqual([])
      expect(found.join('\n')).not.toContain(canary)
    }
  })

  test('says which file is missing', async () => {
    const missing = loadConfig('/no/such/cuedot.yaml')
    await expect(missing).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      details: { file: '/no/such/cuedot.yaml', problem: expect.stringContaining('--config') },
    })
  })
})

describe('an initial user', () => {
  const initial = (engine: string, dbname: string, publish: string): string => `version: 1
targets:
  app:
    strategy: alternating
    initial: { user: admin, privileges: all }
    store: ${STORE}
    admin: { store: { kind: secrets-manager, secret: admin } }
    database: { engine: ${engine}, endpoints: [db.example]${dbname} }
${publish}`
  const PUBLISH = '    publish: [{ id: php, kind: php-sqlconf, path: sqlconf.php }]\n'

  test('can be named for MySQL and MariaDB', () => {
    for (const engine of ['mysql', 'mariadb']) {
      const { targets } = parseConfig(initial(engine, ', dbname: openemr', PUBLISH), '/etc/c.yaml')
      expect(targets['app']).toMatchObject({ initial: { user: 'admin', privileges: 'all' } })
    }
  })

  test('needs an engine, a database and a config target that can show it', () => {
    expect(problems(initial('postgres', '', ''))).toEqual([
      expect.stringMatching(/^5:5 targets.app.initial needs MySQL or MariaDB: .*`cuedot adopt`/),
      expect.stringMatching(/^5:5 targets.app.initial needs `dbname`/),
      expect.stringMatching(/^5:5 targets.app.initial needs a config target under `publish`/),
    ])
    const other = initial('mysql', ', dbname: openemr', PUBLISH).replace('user: admin', 'user: app')
    expect(problems(other)).toEqual([expect.stringContaining('initial.user must be admin')])
  })
})
