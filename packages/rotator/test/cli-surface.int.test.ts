import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { json, useCliSuite } from './cli-fixture.ts'
import type { CliWorld } from './cli-fixture.ts'
import { PROGRAM } from './cli-process.ts'

const { makeOne, server } = useCliSuite()

describe('what cannot be used', () => {
  test('an unknown key ends with 2, its line and a suggestion, and shows no value', async () => {
    const world = await makeOne({ extra: 'qarantine: canary-in-yaml' })
    const { code, stdout, stderr } = await world.run(['rotate'])
    expect(stderr).toMatch(/cuedot\.yaml:\d+:5 targets\.app\.qarantine unknown key; did you mean/)
    expect(stdout + stderr).not.toContain('canary-in-yaml')
    expect(code).toBe(2)
  })

  test.each([
    [['rotat'], 'Did you mean rotate?'],
    [['rotate', '--jsn'], 'Did you mean --json?'],
    [['rotate', '--json', '--log-json'], 'cannot be used with'],
    [['rotate', 'ap'], 'Did you mean app?'],
    [['rotate', '--config', 'other.yaml'], 'there is no such file'],
    [['plan', '--for', 'fun'], 'Allowed choices are rotate, rehearse, heal, back-out'],
    [['completion', 'tcsh'], 'Name one of: bash, zsh, fish'],
    [['secret', 'init', '--path', 'x', '--key-file', 'y'], 'Standard input is no document'],
  ])('%j ends with 2 and says how to go on', async (args, hint) => {
    const world = await makeOne()
    const { code, stdout, stderr } = await world.run(args)
    expect(stderr).toContain(hint)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  test('CUEDOT_CONFIG names the configuration where --config does not', async () => {
    const world = await makeOne()
    const CUEDOT_CONFIG = join(world.dir, 'cuedot.yaml')
    const { code, stdout } = await world.run(['verify'], { cwd: '/', env: { CUEDOT_CONFIG } })
    expect(stdout).toContain(`${CUEDOT_CONFIG} is valid`)
    expect(code).toBe(0)
  })

  test('is told as JSON where that was asked for', async () => {
    const world = await makeOne()
    const args = ['rotate', '--config', 'other.yaml', '--json']
    const { code, stdout, stderr } = await world.run(args)
    expect(json(stdout)).toMatchObject({ outcome: 'failed', code: 'ERR_CONFIG' })
    expect(stderr).toBe('')
    expect(code).toBe(2)
  })

  test('several targets need a name, or --all where nothing is changed', async () => {
    const world = await makeOne()
    const second = `  admin:
    strategy: single-user
    store: { kind: file, path: secrets/admin.cuedot, key_file: keys/key }
    database: { engine: postgres, endpoints: ["127.0.0.1:${server().port}"], dbname: app, tls: off }
`
    await appendFile(join(world.dir, 'cuedot.yaml'), second)
    const { code, stderr } = await world.run(['rotate'])
    expect(stderr).toContain('Name one of: app, admin.')
    expect(code).toBe(2)
    const all = await world.run(['status', '--all', '--json'])
    expect(json(all.stdout)).toMatchObject({ targets: [{ target: 'app' }, { target: 'admin' }] })
    await world.edit((yaml) => yaml.replaceAll('secrets/app.cuedot', 'secrets/no.cuedot'))
    const half = await world.run(['verify', '--all'])
    expect(half.stdout).toMatch(/failed +store +.*ERR_STORE_NOT_FOUND/)
    expect(half.stdout).toContain('\nadmin: ready\n')
    expect(half.code).toBe(3)
    const statuses = await world.run(['status', '--all'])
    expect(statuses.stdout).toMatch(/^app\nWhat happened: .*ERR_STORE_NOT_FOUND/)
    expect(statuses.stdout).toContain('\nadmin (single-user): in order\n')
    expect(statuses.code).toBe(1)
    const plan = await world.run(['plan', 'admin'])
    expect(plan.stdout).toMatch(/open.*\n.*\n +─+ point of no return.*\n +2 +set/)
  })
})

describe('the first step with a file store', () => {
  const document = { username: 'u', password: 'canary-on-stdin', host: 'h', port: 5432 }
  const args = ['secret', 'init', '--path', 'new/x.cuedot', '--key-file', 'newkeys/key']

  test('secret init makes an encrypted secret and a key that only its owner may read', async () => {
    const world = await makeOne()
    const { code, stdout, stderr } = await world.run(args, { input: JSON.stringify(document) })
    expect(stdout).toContain('The flat document is in')
    expect(code).toBe(0)
    expect((await stat(join(world.dir, 'newkeys/key'))).mode & 0o777).toBe(0o600)
    const secret = await readFile(join(world.dir, 'new/x.cuedot'), 'latin1')
    expect(stdout + stderr + secret).not.toContain('canary-on-stdin')
  })

  test('secret init never replaces a secret', async () => {
    const world = await makeOne()
    await world.run(args, { input: JSON.stringify(document) })
    const { code, stderr } = await world.run(args, { input: JSON.stringify(document) })
    expect(stderr).toContain('ERR_STORE_CONFLICT')
    expect(code).toBe(1)
  })

  test.each(['{"username":"u","password":"canary-on-stdin"', '{"active_slot":"A","A":{}}'])(
    'secret init refuses %j without showing a value',
    async (input) => {
      const world = await makeOne()
      const { code, stdout, stderr } = await world.run(args, { input })
      expect(stderr).toContain('Standard input is no document')
      expect(stdout + stderr).not.toContain('canary-on-stdin')
      expect(code).toBe(2)
    },
  )
})

describe('what is loaded', () => {
  /** Names each package that is not ours and that the process resolves, on stderr at its end. */
  const recorder = `import { registerHooks } from 'node:module'
    const seen = new Set()
    registerHooks({ resolve(specifier, context, next) {
      const found = next(specifier, context)
      const name = /\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(found.url)?.[1]
      if (name && !/^(?:cuedot|@cuedot\\/.*)$/.test(name)) seen.add(name)
      return found
    } })
    process.on('exit', () => console.error('LOADED ' + [...seen].join(' ')))`
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(recorder)}`

  const loadedBy = async (args: readonly string[]): Promise<readonly string[]> => {
    const { stderr } = await (await makeOne()).run(args, { env: { NODE_OPTIONS } })
    return /^LOADED (.*)$/m.exec(stderr)?.[1]?.split(' ') ?? []
  }

  test('--help loads commander and nothing else', async () => {
    expect(await loadedBy(['--help'])).toEqual(['commander'])
  })

  test('a PostgreSQL user loads neither another driver nor the SDK of a cloud', async () => {
    const loaded = await loadedBy(['rotate'])
    expect(loaded).toEqual(expect.arrayContaining(['pg', 'zod', 'yaml']))
    for (const name of ['mysql2', '@aws-sdk/client-secrets-manager', 'php-parser', 'listr2'])
      expect(loaded).not.toContain(name)
  })
})

describe('colours', () => {
  /** Runs a command on a terminal of its own; needs the util-linux program `script`. */
  const onTerminal = (world: CliWorld, env: Record<string, string>): string =>
    execFileSync(
      'script',
      ['-qec', `stty rows 40 cols 120; '${process.execPath}' '${PROGRAM}' rotate`, '/dev/null'],
      { cwd: world.dir, env: { PATH: process.env['PATH'], TERM: 'xterm-256color', ...env } },
    ).toString()
  const hasTerminal = existsSync('/usr/bin/script') && process.platform === 'linux'

  test.skipIf(!hasTerminal)('a terminal gets a task for each step, in colour', async () => {
    const shown = onTerminal(await makeOne(), {})
    expect(shown).toContain('\u001b[32m✔\u001b[39m drain A: Wait until nobody')
    expect(shown).toContain('The credential was rotated.')
  })

  test.skipIf(!hasTerminal)('NO_COLOR takes the colours away', async () => {
    const shown = onTerminal(await makeOne(), { NO_COLOR: '1' })
    expect(shown).toContain('✔ drain A: Wait until nobody')
    expect(shown).not.toContain('\u001b[32m')
    expect(shown).not.toContain('\u001b[1m')
  })

  test('a pipe gets none', async () => {
    const world = await makeOne()
    const { stdout, stderr } = await world.run(['rotate'])
    expect(stdout + stderr).not.toContain('\u001b')
  })
})

describe('completion', () => {
  let scripts: Readonly<Record<string, string>>

  beforeAll(async () => {
    const world = await makeOne()
    const shells = ['bash', 'zsh', 'fish']
    const all = await Promise.all(shells.map((shell) => world.run(['completion', shell])))
    scripts = Object.fromEntries(shells.map((shell, index) => [shell, all[index]?.stdout ?? '']))
  })

  test.each([
    ['rot', 'rotate'],
    ['secret i', 'init'],
    ['rotate --log', '--log-json'],
    ['completion z', 'zsh'],
    ['status --exit', '--exit-code'],
  ])('bash completes "cuedot %s" to %s', (typed, wanted) => {
    const words = ['cuedot', ...typed.split(' ')]
    const ask = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _cuedot`
    const script = `${scripts['bash']}\n${ask}; echo "\${COMPREPLY[@]}"`
    expect(execFileSync('bash', ['-c', script]).toString().trim()).toBe(wanted)
  })

  test.each(['zsh', 'fish'])('%s gets a script with every command and option', (shell) => {
    for (const word of ['rotate', 'back-out', 'init', 'key-file', 'exit-code', 'log-json'])
      expect(scripts[shell]).toContain(word)
  })
})
