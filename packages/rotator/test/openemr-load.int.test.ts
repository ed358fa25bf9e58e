// Goal: OpenEMR goes on while its credentials change ten times in a row, while somebody holds on to
// the one that gives way, and while all of them are replaced because they have leaked. Method: real
// servers, the real command line, workers that keep what they read when they began until ECS or
// Kubernetes replaces them, and a client that looks for every connection what is published.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DEPLOYMENT, openemrRules } from '../../testkit/src/conformance/kubernetes-deployment.ts'
import {
  OPENEMR_KEYS,
  readSecret,
  SECRET,
} from '../../testkit/src/conformance/kubernetes-secret.ts'
import type { OpenemrWorld } from '../../testkit/src/openemr/world.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import { cuedot } from './cli-process.ts'
import type { CliResult } from './cli-process.ts'
import {
  lastLine,
  openemrOnEcs,
  openemrOnEks,
  useMariadb,
  useMysqlOnEks,
} from './openemr-fixture.ts'
import type { EksWorld } from './openemr-fixture.ts'

const ROTATIONS = 10
const PACE_MS = 50
/** Ten rotations, where many tests share a machine. */
const LONG = { timeout: 240_000 }

/** A user and its password, as they are published. */
interface Found {
  readonly username: string
  readonly password: string
}

/** Logs in as whoever is published; `program` is what the server is told of the client. */
function connectAs(
  { initial, tls }: OpenemrWorld,
  { username: user, password }: Found,
  program = 'client',
): Promise<Connection> {
  const at = { host: 'localhost', port: initial.port, database: 'openemr', ssl: { ca: tls.ca } }
  return createConnection({ ...at, user, password, connectAttributes: { program_name: program } })
}

/** What sqlconf.php has. */
async function inFile({ sqlconf }: OpenemrWorld): Promise<Found> {
  const source = await readFile(sqlconf, 'utf8')
  const value = (name: string): string =>
    new RegExp(`^\\$${name}\\s*=\\s*'([^']*)'`, 'm').exec(source)?.[1] ?? ''
  return { username: value('login'), password: value('pass') }
}

/** What the Secret has. */
async function inSecret({ kubernetes }: EksWorld): Promise<Found> {
  const { data } = await readSecret(kubernetes)
  const held = data as Readonly<Record<string, string>>
  const value = (key: string): string => Buffer.from(held[key] ?? '', 'base64').toString('utf8')
  return { username: value('mysql-user'), password: value('mysql-password') }
}

/** What a client has met that opens a new connection every 50 milliseconds. */
interface Client {
  readonly served: number
  readonly failures: readonly string[]
  /** Every credential that it found, in order, each once. */
  readonly found: readonly Found[]
}

/** Starts a client; it is stopped when what it is given to watch has ended. */
async function whileConnecting(
  world: OpenemrWorld,
  look: () => Promise<Found>,
  work: () => Promise<void>,
): Promise<Client> {
  const found: Found[] = []
  const failures: string[] = []
  const watch = { served: 0, over: false }
  const request = async (): Promise<void> => {
    const login = await look()
    if (login.password !== found.at(-1)?.password) found.push(login)
    try {
      const connection = await connectAs(world, login)
      await connection.query('INSERT INTO visit (id) VALUES (2)')
      await connection.end()
      watch.served += 1
    } catch (error) {
      failures.push(`as ${login.username}: ${String(error)}`)
    }
  }
  const loop = async (): Promise<void> => {
    while (!watch.over) {
      await request()
      await pause(PACE_MS)
    }
  }
  const ended = loop()
  try {
    await work()
  } finally {
    watch.over = true
    await ended
  }
  return { served: watch.served, failures, found }
}

/** Rotates ten times and sees the active slot and its password change every time. */
async function rotateTenTimes(
  world: OpenemrWorld,
  run: (args: readonly string[]) => Promise<CliResult>,
): Promise<void> {
  const live = new Set([world.initial.password.reveal()])
  for (let n = 1; n <= ROTATIONS; n++) {
    const ended = await run(['--log-json'])
    const told = `${ended.stdout}${ended.stderr}`
    expect(ended.code, told).toBe(0)
    const active_slot = n % 2 === 1 ? 'B' : 'A'
    const status = { status: 'ok', outcome: 'rotated', active_slot, admin: 'rotated' }
    expect(lastLine(ended)).toMatchObject(status)
    const slots = world.slots()
    expect(slots.active_slot).toBe(active_slot)
    live.add(slots[active_slot].password)
    expect(live.size).toBe(n + 1)
  }
}

/** Nobody was refused, and the client has seen B, A, B, … with eleven passwords. */
async function expectServed(world: OpenemrWorld, client: Client): Promise<void> {
  expect(client.failures).toEqual([])
  const report = await world.report()
  expect(report.failed).toEqual([])
  expect(client.served).toBeGreaterThan(20 * ROTATIONS)
  expect(report.served).toBeGreaterThan(20 * ROTATIONS)
  const users = Array.from({ length: ROTATIONS + 1 }, (_, n) =>
    n % 2 === 0 ? 'openemr_a' : 'openemr_b',
  )
  expect(client.found.map(({ username }) => username)).toEqual(users)
  expect(new Set(client.found.map(({ password }) => password)).size).toBe(ROTATIONS + 1)
}

const DOCS = new URL('../../../docs/openemr.md', import.meta.url)

/** Writes what docs/openemr.md shows, with the values of this world in it. */
async function writeConfig(
  { sites, initial: { port } }: OpenemrWorld,
  change: (yaml: string) => string,
): Promise<void> {
  const [, shown = ''] =
    /^```yaml\n(version: 1\n.*?)^```$/ms.exec(await readFile(DOCS, 'utf8')) ?? []
  const values = {
    ...{ RDS_SLOT_SECRET_ID: 'slots', RDS_ADMIN_SECRET_ID: 'admin' },
    ...{ OPENEMR_ECS_CLUSTER: 'openemr', OPENEMR_ECS_SERVICE: 'web' },
    ...{ 'openemr.example:3306': `localhost:${port}`, '/mnt/openemr-sites': sites },
  }
  let yaml = change(shown)
  for (const [name, value] of Object.entries(values)) yaml = yaml.replaceAll(name, value)
  await writeFile(join(sites, 'cuedot.yaml'), yaml)
}

/** The same on EKS, with little patience. */
function onKubernetes(yaml: string, namespace: string): string {
  const secret = { id: 'secret', kind: 'kubernetes-secret', name: SECRET, keys: OPENEMR_KEYS }
  const deployment = { id: 'deployment', kind: 'kubernetes-deployment', name: DEPLOYMENT }
  const lines = [
    `      - ${JSON.stringify({ ...secret, namespace })}`,
    '    roll:',
    `      - ${JSON.stringify({ ...deployment, namespace })}`,
    '    drain: { quiet: 1s, limit: 2s, poll: 250ms }',
    '',
  ]
  return yaml.replace(/^    roll:\n.*\n/m, lines.join('\n'))
}

const on = useMariadb()

describe('OpenEMR under load on ECS', () => {
  test('E1 E2 rotates ten times in a row with MariaDB, and all is served', LONG, async () => {
    const times = { settleMs: 300 }
    await using it = await openemrOnEcs(on(), { at: 'on-a', service: { times } })
    const { world, ecs } = it
    const client = await whileConnecting(
      world,
      () => inFile(world),
      () => rotateTenTimes(world, it.run),
    )
    await expectServed(world, client)
    expect(ecs.service('web').begun.length).toBe(ROTATIONS + 1)
  })

  test('E6 replaces all three passwords at once, and every request is served', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const { world, env } = it
    await writeConfig(world, (yaml) => yaml.replaceAll('engine: mysql', 'engine: mariadb'))
    const credentials = (): readonly Found[] => {
      const { A, B } = world.slots()
      const admin: Found = JSON.parse(world.store.peek('admin', 'AWSCURRENT') ?? '{}')
      return [A, B, admin]
    }
    const leaked = credentials()
    const args = ['rotate', 'openemr.openemr', '--compromised', '--json']
    const client = await whileConnecting(
      world,
      () => inFile(world),
      async () => {
        const { code, stdout, stderr } = await cuedot(args, { cwd: world.sites, env })
        expect(code, `${stdout}${stderr}`).toBe(0)
        const told: Record<string, unknown> = JSON.parse(stdout)
        expect(told).toMatchObject({ outcome: 'rotated', tried: 3, stillAccepted: [] })
      },
    )
    for (const login of leaked) await expect(connectAs(world, login)).rejects.toThrow(/denied/)
    for (const login of credentials()) await (await connectAs(world, login)).end()
    expect(client.failures).toEqual([])
    expect((await world.report()).failed).toEqual([])
    expect(client.found.map(({ username }) => username)).toEqual(['openemr_a', 'openemr_b'])
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ active_slot: 'A' })
  })
})

describe.skipIf(MYSQL_HERE === undefined)('OpenEMR under load on EKS', () => {
  const eks = useMysqlOnEks()

  test('E1 E2 rotates ten times in a row with MySQL, and all is served', LONG, async () => {
    await using it = await openemrOnEks(eks().server, eks(), { at: 'on-a' })
    const client = await whileConnecting(
      it.world,
      () => inSecret(it),
      () => rotateTenTimes(it.world, it.run),
    )
    await expectServed(it.world, client)
    expect(await inSecret(it)).toEqual(await inFile(it.world))
  })

  test('E3 a long transaction outlives the drain and is named: program and address', async () => {
    await using it = await openemrOnEks(eks().server, eks(), { at: 'on-a' })
    const { world } = it
    const report = await connectAs(world, await inFile(world), 'nightly-report')
    onTestFinished(() => report.destroy())
    await report.query('START TRANSACTION')
    await report.query('INSERT INTO visit (id) VALUES (42)')
    const first = it.start(['--log-json'])
    await first.shows('openemr_a by nightly-report from ')
    first.child.kill('SIGTERM')
    expect((await first.ended).code).toBe(1)
    await writeConfig(world, (yaml) => onKubernetes(yaml, it.kubernetes.namespace))
    const env = { ...world.env, KUBECONFIG: await it.kubernetes.userWith(openemrRules()) }
    const args = ['rotate', 'openemr.openemr', '--json']
    const stopped = await cuedot(args, { cwd: world.sites, env })
    expect(stopped.code, stopped.stdout).toBe(5)
    const told: Record<string, unknown> = JSON.parse(stopped.stdout)
    expect(told).toMatchObject({ outcome: 'stopped', code: 'ERR_STRAGGLERS' })
    expect(stopped.stdout).toMatch(/openemr_a by nightly-report from (127\.0\.0\.1|localhost) on/)
    await report.query('UPDATE visit SET id = 43 WHERE id = 42')
    await report.commit()
    await report.end()
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ status: 'ok' })
    const [rows] = await world.root.query('SELECT id FROM openemr.visit WHERE id = 43')
    expect(rows).toHaveLength(1)
    expect((await world.report()).failed).toEqual([])
  })
})
