// Goal: whatever a server refuses has a code, leaves a state that is told, says what to do, ends
// with the exit code that the documentation names, and the next run converges. Method: the real
// command line on a real server that logs everything; at the end no password stands anywhere.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { tellAll } from '../../testkit/src/leaks/search.ts'
import type { RootSession } from '../../testkit/src/rig/engine.ts'
import type { LoudEngine } from '../../testkit/src/rig/loud.ts'
import type { RigDocument } from '../../testkit/src/rig/rig.ts'
import { REFUSALS } from '../src/domain/refusals.ts'
import { ERROR_CATALOGUE } from '../src/error-catalogue.ts'
import type { Database } from '../src/ports/database.ts'
import { json } from './cli-fixture.ts'
import { leakWorld } from './leak-world.ts'
import type { LeakWorld } from './leak-world.ts'

/** The world in which something goes wrong. */
export interface BadWorld {
  readonly root: RootSession
  readonly engine: LoudEngine
  /** Users of the slots before the run. */
  readonly active: string
  readonly standby: string
  /** The admin's. */
  readonly admin: string
}

/** One thing that a server may refuse. */
export interface BadInput {
  /** What is wrong, as the end of "…: ". */
  readonly name: string
  /** Makes it wrong and returns what makes it right again. */
  arrange(world: BadWorld): Promise<() => Promise<unknown>>
  /** Code of the result, or of a failure in it. */
  readonly code: string
  readonly exit: number
  /** It may pass, so a run goes on trying: it is told to stop at the first failure. */
  readonly passes?: true
  /** What the run says of the state of things. */
  readonly state: RegExp
  /** False where the standby slot is none of it: an adapter asked directly is not refused. */
  readonly refusesPassword?: false
}

/** How an engine is reached and what it refuses. */
export interface BadInputSuite {
  readonly start: () => Promise<LoudEngine>
  readonly database: (engine: LoudEngine) => Promise<Database>
  readonly rows: readonly BadInput[]
  /** The names of places in which the server must have written the statements down. */
  readonly logs: readonly RegExp[]
}

/** Registers the tests of one engine. */
export function badInputTests(name: string, { start, database, rows, logs }: BadInputSuite): void {
  describe(`what ${name} refuses`, () => {
    let world: LeakWorld
    beforeAll(async () => {
      world = await leakWorld(await start())
    })
    afterAll(async () => await world[Symbol.asyncDispose]())

    test.each(rows.map((row) => [row.name, row] as const))('is told: %s', async (_name, row) => {
      const document = await current(world)
      const { active_slot: slot } = document
      const [active, standby] = [document[slot], document[slot === 'A' ? 'B' : 'A']]
      const { engine } = world
      await using root = await engine.root()
      const users = { active: active.username, standby: standby.username }
      const undo = await row.arrange({ root, engine, ...users, admin: engine.admin.username })
      try {
        await expectTold(world, row)
        await setDirectly(world, await database(engine), { row, standby: standby.username })
      } finally {
        await undo()
      }
      await expectConverges(world)
    })

    test('I6 and no password was said by anything in any of it', async () => {
      expect(world.secrets.size).toBeGreaterThan(rows.length)
      const said = (await world.engine.said()).filter(({ text }) =>
        /ALTER (?:USER|ROLE)/.test(text),
      )
      for (const log of logs) expect(said.map((place) => place.name).join('\n')).toMatch(log)
      const temporary = world.files.filter((file) => file.name.startsWith(world.temp))
      expect(temporary.map((file) => file.name)).toEqual([])
      const modes = world.files
        .filter((file) => file.name.endsWith('.env'))
        .map((file) => file.mode)
      expect(new Set(modes.filter((mode) => mode !== undefined))).toEqual(new Set([0o600]))
      expect(world.leaks()).toEqual([])
      expect(await world.leaksAtServer()).toEqual([])
    })
  })
}

async function current(world: LeakWorld): Promise<RigDocument> {
  const document = await world.rig.document('AWSCURRENT')
  if (document === undefined) throw new Error('there is no document')
  return document
}

async function expectTold(world: LeakWorld, row: BadInput): Promise<void> {
  const before = await current(world)
  let stopped = row.passes !== true
  const { code, stdout, stderr } = await world.run(['rotate', '--log-json'], {
    onLine: (line, signal) => {
      if (stopped || !/"(?:STEP_FAILED|RETRYING)"/.test(line)) return
      stopped = true
      signal('SIGTERM')
    },
  })
  const result = json(stdout.trimEnd().split('\n').at(-1) ?? '')
  const shown = `${stdout}\n${stderr}`
  const failures = JSON.stringify(result['failures'])
  const codes = [String(result['code']), ...[...failures.matchAll(/"code":"(\w+)"/g)].map(String)]
  expect(codes.join(), shown).toContain(row.code)
  expect(String(result['state'])).toMatch(row.state)
  expect(String(result['what']).length).toBeGreaterThan(20)
  expect(String(result['todo']), shown).toContain(hintOf(row.code))
  expect(code, shown).toBe(row.exit)
  const after = await current(world)
  expect(after[before.active_slot].password).toBe(before[before.active_slot].password)
}

/** What the catalogue says is to be done about it; a run says no less. */
function hintOf(code: string): string {
  const all: Readonly<Record<string, { readonly hint: string }>> = {
    ...ERROR_CATALOGUE,
    ...REFUSALS,
  }
  return all[code]?.hint ?? 'a hint in a catalogue'
}

/** The error itself, as a program that uses the adapter would get it. */
async function setDirectly(
  world: LeakWorld,
  database: Database,
  { row, standby }: { readonly row: BadInput; readonly standby: string },
): Promise<void> {
  const canary = `Canary0${world.secrets.size}${crypto.randomUUID().replaceAll('-', '')}`
  world.secrets.set(`canary of ${row.name}`, canary)
  const call = { signal: AbortSignal.timeout(10_000) }
  try {
    const options = { target: 'canary', lock: 'look', holder: 'test' } as const
    await using session = await database.admin(world.engine.admin, options, call)
    await session.setPassword(standby, new Sensitive(canary, 'canary'), call)
  } catch (error) {
    world.places.push({ name: `error of ${row.name}`, text: tellAll(error) })
    return
  }
  expect(row.refusesPassword, 'the password was set').toBe(false)
}

async function expectConverges(world: LeakWorld): Promise<void> {
  const { code, stdout, stderr } = await world.run(['rotate', '--json'])
  expect(code, `${stdout}\n${stderr}`).toBe(0)
  const document = await current(world)
  expect(document.rotation).toBeUndefined()
  const { username, password } = document[document.active_slot]
  const login = { username, password: new Sensitive(password, 'active password') }
  await (await world.engine.connect(login)).close()
}
