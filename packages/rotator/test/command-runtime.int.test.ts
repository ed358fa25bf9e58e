import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { call, command, readOrEmpty, rolled, script } from './runtime-tools.ts'

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await wait(20)
}

/** A process that has ended may stay as a zombie until its new parent asks. */
async function isGone(pid: string): Promise<boolean> {
  const status = await readFile(`/proc/${pid.trim()}/stat`, 'utf8').catch(() => 'gone) Z')
  return status.slice(status.lastIndexOf(')')).startsWith(') Z')
}

describe('a command that is a runtime', () => {
  test('gets the token, its own environment and nothing else of ours', async () => {
    await using restart = await script('env > env')
    process.env['CUEDOT_TEST_CANARY'] = 'canary-of-ours'
    process.env['CUEDOT_TEST_WANTED'] = 'passed-on'
    const options = { env: { ADDED: 'yes' }, inherit: ['CUEDOT_TEST_WANTED'] }
    expect(await rolled(command(restart.path, options), 'roll:7')).toEqual({ state: 'done' })
    const lines = (await readFile(restart.file('env'), 'utf8')).split('\n')
    expect(lines).toContain('CUEDOT_ROLL=roll:7')
    expect(lines).toContain('ADDED=yes')
    expect(lines).toContain('CUEDOT_TEST_WANTED=passed-on')
    expect(lines.join('\n')).not.toContain('canary-of-ours')
  })

  test('gets its arguments as they are, without a shell', async () => {
    await using restart = await script('printf "%s|" "$@" > args')
    const tricky = ['$(id)', '`id`', 'a b', '*', "'; exit 9 #"]
    expect(
      await rolled(command(restart.path, { argv: ['/bin/sh', restart.path, ...tricky] })),
    ).toEqual({
      state: 'done',
    })
    expect(await readFile(restart.file('args'), 'utf8')).toBe(
      tricky.map((arg) => `${arg}|`).join(''),
    )
  })

  test('forgets rolls that are long over, and none that still runs', async () => {
    await using restart = await script('[ "$CUEDOT_ROLL" != roll:slow ] || sleep 60')
    const runtime = command(restart.path)
    await runtime.roll('roll:slow', call())
    for (let n = 1; n <= 20; n++) await rolled(runtime, `roll:${n}`)
    expect(await runtime.observe('roll:1', call())).toEqual({ state: 'due' })
    expect(await runtime.observe('roll:10', call())).toEqual({ state: 'done' })
    expect(await runtime.observe('roll:20', call())).toEqual({ state: 'done' })
    expect(await runtime.observe('roll:slow', call())).toEqual({ state: 'rolling' })
    await runtime.stop()
  })

  test('runs in the folder that is named', async () => {
    await using restart = await script('pwd > "$OLDPWD/pwd"')
    await rolled(
      command(restart.path, { argv: ['/bin/sh', '-c', 'pwd > pwd'], cwd: restart.file('.') }),
    )
    expect((await readFile(restart.file('pwd'), 'utf8')).trim()).toBe(restart.file('.'))
  })

  test('is told apart by how it ended', async () => {
    await using exits = await script('echo first >&2; echo last >&2; exit 3')
    await using dies = await script('kill -9 $$')
    expect((await rolled(command(exits.path))).why).toBe('/bin/sh exited with 3: first\nlast')
    expect((await rolled(command(dies.path))).why).toBe('/bin/sh was ended by SIGKILL')
    const missing = command('', { argv: [exits.file('no-such-program'), 'x'] })
    expect((await rolled(missing)).why).toMatch(/no-such-program could not be started \(ENOENT\)$/)
    const folder = command('', { argv: [exits.file('.')] })
    expect((await rolled(folder)).why).toMatch(/could not be started \(EACCES\)$/)
  })

  test('shows at most 500 characters of what it said last', async () => {
    await using restart = await script(
      'i=0; while [ $i -lt 3000 ]; do echo "line $i \u001b[31m" >&2; i=$((i+1)); done; exit 1',
    )
    const { why } = await rolled(command(restart.path))
    const said = why?.replace('/bin/sh exited with 1: ', '') ?? ''
    expect(said).toMatch(/^line \d+ \[31m\n[^]*line 2999 \[31m$/)
    expect(said.length).toBeLessThanOrEqual(500)
    expect(said.length).toBeGreaterThan(400)
  })

  test.for([
    'the password is wrong: s3cret',
    'mysql://root:s3cret@db/',
    'API_KEY s3cret',
    'Authorization: Bearer s3cret token',
  ])('keeps what it said to itself where that may hold a secret: %s', async (line) => {
    await using restart = await script(`echo '${line}' >&2; exit 1`)
    const { why } = await rolled(command(restart.path))
    expect(why).toMatch(/exited with 1 \(its stderr may hold a secret and is not shown\)$/)
  })

  test('keeps what it said to itself where the caller knows the secret', async () => {
    await using restart = await script('echo plain-canary >&2; exit 1')
    const options = { mayShow: (text: string) => !text.includes('canary') }
    expect((await rolled(command(restart.path, options))).why).not.toContain('canary')
  })

  test('is ended with all that it started when its limit passes', async () => {
    await using restart = await script(
      'sleep 600 & echo $! > inner; echo $$ > outer; echo going >&2; wait',
    )
    const state = await rolled(command(restart.path, { limitMs: 700 }))
    expect(state).toEqual({
      state: 'failed',
      why: '/bin/sh was ended after its limit of 700 ms: going',
    })
    await eventually(async () => isGone(await readFile(restart.file('inner'), 'utf8')))
    await eventually(async () => isGone(await readFile(restart.file('outer'), 'utf8')))
  })

  test('is killed when it does not mind being asked to end', async () => {
    await using restart = await script(
      "trap '' TERM; (trap '' TERM; sleep 600) & " +
        'echo $! > inner; echo $$ > outer; while :; do sleep 1; done',
    )
    const runtime = command(restart.path, { graceMs: 200 })
    await runtime.roll('roll:1', call())
    await eventually(async () => (await readOrEmpty(restart.file('outer'))).endsWith('\n'))
    await runtime.stop()
    expect(await runtime.observe('roll:1', call())).toEqual({
      state: 'failed',
      why: '/bin/sh was ended because the run was told to stop',
    })
    await eventually(async () => isGone(await readFile(restart.file('inner'), 'utf8')))
  })

  test('is done when it leaves a service behind that still holds its stderr', async () => {
    await using restart = await script('sleep 600 & echo $! > service; exit 0')
    const runtime = command(restart.path)
    expect(await rolled(runtime)).toEqual({ state: 'done' })
    const pid = await readFile(restart.file('service'), 'utf8')
    await runtime.stop()
    expect(await isGone(pid)).toBe(false)
    process.kill(Number(pid), 'SIGKILL')
  })

  test('neither keeps our process alive nor outlives it', async () => {
    await using restart = await script('echo $$ > pid; exec sleep 600')
    const source = pathToFileURL(join(import.meta.dirname, '../src/adapters/runtimes/command.ts'))
    const program = restart.file('leaves.mjs')
    await writeFile(
      program,
      `import { commandRuntime } from ${JSON.stringify(source.href)}
       import { existsSync } from 'node:fs'
       import { setTimeout as wait } from 'node:timers/promises'
       const call = { signal: new AbortController().signal }
       const argv = ['/bin/sh', ${JSON.stringify(restart.path)}]
       const runtime = commandRuntime({ id: 'c', argv, limitMs: 600_000 })
       await runtime.roll('roll:1', call)
       while (!existsSync(${JSON.stringify(restart.file('pid'))})) await wait(10)
       console.log((await runtime.observe('roll:1', call)).state)`,
    )
    const output = await new Promise((resolve, reject) => {
      const args = ['--conditions=cuedot-source', program]
      execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout) => {
        if (error) reject(new Error('the process did not end by itself', { cause: error }))
        else resolve(stdout)
      })
    })
    expect(output).toBe('rolling\n')
    await eventually(async () => isGone(await readFile(restart.file('pid'), 'utf8')))
  })

  test.for([[[]], [['']], [['sh', 'a\0b']]])('is refused at once as %j', ([argv]) => {
    expect(() => command('', { argv: argv ?? [] })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG' }),
    )
  })
})
