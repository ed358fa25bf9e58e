import { describe, expect, test } from 'vitest'
import { ensureServices, exitCode, renderReport } from './services.ts'
import type { Machine, ServiceReport } from './services.ts'

interface Sketch {
  /** Programs that are there from the beginning. */
  readonly programs: readonly string[]
  /** Programs that each package brings. */
  readonly brings?: Readonly<Record<string, readonly string[]>>
  readonly env?: Readonly<Record<string, string>>
  readonly answering?: readonly string[]
  /** Programs that are there and do not run. */
  readonly broken?: readonly string[]
  /** What MySQL says it is, from the beginning; and what fetching it comes to. */
  readonly mysql?: string
  readonly fetched?: { readonly mysql: string } | { readonly problem: string }
  /** What the poolers say they are. */
  readonly poolers?: string
  /** What PHP-FPM says it is. */
  readonly phpFpm?: string
  readonly canInstall?: boolean
  readonly hasPackageLists?: boolean
  /** True: nothing can be installed before the lists were fetched. */
  readonly stale?: boolean
}

/** A machine in memory, and the commands that were run on it. */
function machine(sketch: Sketch): { readonly machine: Machine; readonly installs: string[] } {
  const there = new Set(sketch.programs)
  const installs: string[] = []
  let mysql = sketch.mysql
  let fresh = sketch.stale !== true
  const apt = (args: readonly string[]): { ok: boolean; output: string } => {
    installs.push(args.filter((arg) => !arg.startsWith('-')).join(' '))
    if (args[0] === 'update') fresh = true
    const packages = args.slice(1).filter((arg) => !arg.startsWith('-'))
    if (args[0] === 'install' && !fresh) return { ok: false, output: 'E: Unable to locate' }
    for (const name of packages)
      for (const program of sketch.brings?.[name] ?? []) there.add(program)
    return { ok: true, output: '' }
  }
  const obtainMysql = async (): Promise<string | undefined> => {
    installs.push('MySQL')
    const fetched = sketch.fetched ?? { problem: 'offline' }
    if ('problem' in fetched) return fetched.problem
    mysql = fetched.mysql
    return undefined
  }
  const besideOf = (what: string | undefined): Machine['beside']['poolers'] => ({
    ...{ find: () => what, obtain: async () => 'offline', advice: 'get it' },
  })
  return {
    installs,
    machine: {
      env: sketch.env ?? {},
      find: (program) => (there.has(program) ? `/bin/${program}` : undefined),
      run: async (program, args) =>
        program === 'apt-get'
          ? apt(args)
          : { ok: !sketch.broken?.some((name) => program.endsWith(name)), output: 'no library' },
      answers: async (url) => sketch.answering?.includes(url) === true,
      beside: {
        mysql: { find: () => mysql, obtain: obtainMysql, advice: 'get MySQL' },
        poolers: besideOf(sketch.poolers),
        phpFpm: besideOf(sketch.phpFpm),
      },
      canInstall: sketch.canInstall === true,
      hasPackageLists: sketch.hasPackageLists !== false,
    },
  }
}

const ALL = [
  'postgres',
  'initdb',
  'mariadbd',
  'mariadb-install-db',
  'php',
  'openssl',
  'moto_server',
]
const BRINGS = {
  'mariadb-server-core': ['mariadbd', 'mariadb-install-db'],
  'php-cli': ['php'],
  openssl: ['openssl'],
}
const WITHOUT_MARIADB = ALL.filter((name) => !name.startsWith('mariadb'))

describe('making services available', () => {
  test('installs nothing where everything is there', async () => {
    const { machine: host, installs } = machine({
      programs: ALL,
      mysql: 'mysqld 9.7.4',
      poolers: 'PgBouncer 1.24.1',
      phpFpm: 'PHP-FPM 8.4.24',
      canInstall: true,
    })
    const states = await ensureServices(host)
    expect(Object.values(states).every((state) => state.available)).toBe(true)
    expect(installs).toEqual([])
  })

  test('installs the missing packages in one go where it may', async () => {
    const { machine: host, installs } = machine({
      programs: ['postgres', 'initdb', 'moto_server'],
      brings: BRINGS,
      mysql: 'mysqld 9.7.4',
      poolers: 'PgBouncer 1.24.1',
      phpFpm: 'PHP-FPM 8.4.24',
      canInstall: true,
    })
    const states = await ensureServices(host)
    expect(states.mariadb).toEqual({ available: true, how: '/bin/mariadbd' })
    expect(installs).toEqual(['install mariadb-server-core mariadb-client-core php-cli openssl'])
  })

  test('fetches the package lists first where there are none', async () => {
    const sketch = {
      programs: WITHOUT_MARIADB,
      mysql: 'mysqld 9.7.4',
      poolers: 'PgBouncer 1.24.1',
      phpFpm: 'PHP-FPM 8.4.24',
      brings: BRINGS,
      canInstall: true,
    }
    const { machine: host, installs } = machine({ ...sketch, stale: true, hasPackageLists: false })
    expect((await ensureServices(host)).mariadb.available).toBe(true)
    expect(installs.map((command) => command.split(' ')[0])).toEqual(['update', 'install'])
  })

  test('fetches the package lists once when an installation fails, and tries again', async () => {
    const sketch = {
      programs: WITHOUT_MARIADB,
      mysql: 'mysqld 9.7.4',
      poolers: 'PgBouncer 1.24.1',
      phpFpm: 'PHP-FPM 8.4.24',
      brings: BRINGS,
      canInstall: true,
    }
    const { machine: host, installs } = machine({ ...sketch, stale: true })
    expect((await ensureServices(host)).mariadb.available).toBe(true)
    expect(installs.map((command) => command.split(' ')[0])).toEqual([
      'install',
      'update',
      'install',
    ])
  })

  test('says what to install where it may not', async () => {
    const { machine: host, installs } = machine({ programs: WITHOUT_MARIADB })
    const { mariadb } = await ensureServices(host)
    expect(mariadb).toMatchObject({
      available: false,
      reason: expect.stringContaining('mariadb-server-core'),
    })
    expect(installs).toEqual([])
  })

  test('fetches MySQL where it may, and says why it could not', async () => {
    const sketch = { programs: ALL, canInstall: true }
    const got = machine({ ...sketch, fetched: { mysql: 'mysqld 9.7.4' } })
    expect((await ensureServices(got.machine)).mysql).toEqual({
      available: true,
      how: 'mysqld 9.7.4',
    })
    expect(got.installs).toEqual(['MySQL'])
    const offline = machine({ ...sketch, fetched: { problem: 'offline' } })
    expect((await ensureServices(offline.machine)).mysql).toEqual({
      available: false,
      reason: 'offline',
    })
  })

  test('does not fetch MySQL where it may not', async () => {
    const { machine: host, installs } = machine({ programs: ALL })
    expect((await ensureServices(host)).mysql.available).toBe(false)
    expect(installs).toEqual([])
  })

  test('does not take a program for a service when it does not run', async () => {
    const { machine: host } = machine({ programs: ALL, broken: ['moto_server'] })
    expect((await ensureServices(host)).moto).toEqual({
      available: false,
      reason: '/bin/moto_server does not run: no library',
    })
  })

  test('takes the server that a variable names, and no other when it is silent', async () => {
    const env = { CUEDOT_TEST_MOTO_URL: 'http://127.0.0.1:1' }
    const up = machine({ programs: [], env, answering: ['http://127.0.0.1:1'] })
    expect((await ensureServices(up.machine)).moto).toEqual({
      available: true,
      how: 'CUEDOT_TEST_MOTO_URL',
    })
    const down = machine({ programs: ALL, env })
    expect((await ensureServices(down.machine)).moto.available).toBe(false)
  })
})

describe('reporting services', () => {
  const yes = { available: true, how: '/bin/x' } as const
  const programs = { postgres: yes, mariadb: yes, php: yes, openssl: yes, moto: yes }
  const all: ServiceReport = { ...programs, mysql: yes, poolers: yes, phpFpm: yes }
  const without: ServiceReport = { ...all, moto: { available: false, reason: 'not found' } }

  test('has one line for each, with the reason of what is missing', () => {
    const lines = renderReport(without).split('\n')
    expect(lines).toHaveLength(8)
    expect(lines[4]).toBe('moto      NO   not found')
  })

  test('fails in CI only, and there only when something is missing', () => {
    expect(exitCode(without, {})).toBe(0)
    expect(exitCode(without, { CI: 'false' })).toBe(0)
    expect(exitCode(without, { CI: '1' })).toBe(1)
    expect(exitCode(all, { CI: '1' })).toBe(0)
  })

  test('lets CI pass without MySQL, which not every machine can have', () => {
    const reason = 'not for this machine'
    expect(exitCode({ ...all, mysql: { available: false, reason } }, { CI: '1' })).toBe(0)
  })
})
