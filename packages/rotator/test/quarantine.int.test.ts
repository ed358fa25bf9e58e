import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { Sensitive } from '@cuedot/client/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { mysqlRig } from '../../testkit/src/rig/mysql.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig } from '../../testkit/src/rig/rig.ts'
import { startHttpEnd } from '../../testkit/src/servers/http-end.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'

/** Ends as soon as somebody misses the account: only a test that fails takes so long. */
const LONG = '60s'
/** When nobody does, this is how long it takes. */
const SHORT = '1s'

async function arrange(engine: RigEngine, quarantine: string): Promise<Rig> {
  const rig = await startRig(engine, 'alternating', { target: { quarantine } })
  onTestFinished(async () => {
    await rig.consumers.stop()
    await rig[Symbol.asyncDispose]()
  })
  await rig.consumers.start()
  return rig
}

/** The first moment at which the account is locked and watched. */
function whenLocked(act: () => void): (line: string, run: ChildProcess) => void {
  let acted = false
  return (line) => {
    if (acted || !line.includes('the end of the quarantine')) return
    acted = true
    act()
  }
}

/** What the straggler gets; it never picks up another credential. */
async function straggle({ engine }: Rig): Promise<'let in' | 'refused'> {
  try {
    await (await engine.connect(engine.slots.A)).close()
    return 'let in'
  } catch {
    return 'refused'
  }
}

async function expectMissed(rig: Rig, missed: string): Promise<void> {
  const answers: Promise<string>[] = []
  const onLine = whenLocked(() => answers.push(straggle(rig)))
  const { code, stdout } = await rig.cuedot(['rotate', '--log-json'], onLine).ended
  expect(await Promise.all(answers)).toEqual(['refused'])
  expect(code, stdout).toBe(5)
  const last: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  expect(last).toMatchObject({
    outcome: 'stopped',
    code: 'ERR_QUARANTINE_MISSED',
    what: expect.stringContaining(missed),
  })
  expect(await straggle(rig)).toBe('let in')
}

async function expectSettles(rig: Rig): Promise<void> {
  await rig.edit((yaml) => yaml.replace(`quarantine: ${LONG}`, `quarantine: ${SHORT}`))
  const again = await rig.cuedot(['rotate', '--json']).ended
  expect(again.code, again.stdout).toBe(0)
  expect(await straggle(rig)).toBe('refused')
  expect(rig.consumers.failures).toEqual([])
}

describe.skipIf(MYSQL_HERE === undefined)('a quarantine on MySQL', () => {
  test('is over for an account that a straggler is refused at', async () => {
    const rig = await arrange(await mysqlRig(), LONG)
    await expectMissed(rig, 'refused logins to a locked account')
    await expectSettles(rig)
  })
})

describe('a quarantine on PostgreSQL', () => {
  test('is over for an account that a page misses', async () => {
    const page = await forgottenPage()
    const rig = await arrange(await postgresRig(), LONG)
    page.rig = rig
    await rig.edit((yaml) => yaml.replace(/^( *)roll:\n/m, `$1roll:\n${probing(page.url)}`))
    await expectMissed(rig, 'page is not well: status 503')
    expect(new Set(page.statuses)).toEqual(new Set([200, 503]))
    page.forgotten = false
    await expectSettles(rig)
  })

  test('that nobody misses ends with a password that is dead', async () => {
    const rig = await arrange(await postgresRig(), SHORT)
    const { code, stdout } = await rig.cuedot(['rotate', '--log-json']).ended
    expect(code, stdout).toBe(0)
    expect(stdout).toContain('the end of the quarantine')
    expect(await straggle(rig)).toBe('refused')
    const { DB_USER: username = '', DB_PASSWORD = '' } = parseEnv(
      await readFile(join(rig.dir, 'app.env'), 'utf8'),
    )
    const password = new Sensitive(DB_PASSWORD, 'password in the file')
    await (await rig.engine.connect({ username, password })).close()
    expect(rig.consumers.failures).toEqual([])
  })
})

interface Page {
  readonly url: string
  readonly statuses: readonly number[]
  /** True while it goes on with what it was started with; then it moves. */
  forgotten: boolean
  rig: Rig | undefined
}

/** A page of a service that nobody thought of. */
async function forgottenPage(): Promise<Page> {
  const statuses: number[] = []
  const state: Pick<Page, 'forgotten' | 'rig'> = { forgotten: true, rig: undefined }
  const isWell = async (): Promise<boolean> =>
    !state.forgotten || (state.rig !== undefined && (await straggle(state.rig)) === 'let in')
  const end = await startHttpEnd(async (_request, response) => {
    const status = (await isWell()) ? 200 : 503
    statuses.push(status)
    response.writeHead(status).end()
  })
  onTestFinished(async () => await end[Symbol.asyncDispose]())
  return Object.assign(state, { url: end.url, statuses })
}

/** A runtime that judges by this page, as a line of cuedot.yaml. */
function probing(url: string): string {
  const often = 'successes: 1, interval: 100ms, limit: 30s'
  return `      - { id: page, kind: http-health, url: "${url}", ${often} }\n`
}
