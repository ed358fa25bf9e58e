import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig } from '../../testkit/src/rig/rig.ts'
import { json } from './cli-fixture.ts'

/** What a run told. */
export interface Told {
  readonly exit: number | null
  readonly result: Readonly<Record<'outcome' | 'what' | 'state' | 'todo', string>>
  /** Of the result and of every failure on the way. */
  readonly codes: readonly string[]
  /** The steps that were applied. */
  readonly steps: readonly string[]
  /** Everything that it printed. */
  readonly shown: string
}

/** A target whose database server gets into trouble. */
export interface Outage extends AsyncDisposable {
  readonly rig: Rig
  /** Rotates to the end. */
  rotate(): Promise<Told>
  /** Rotates, and tells the run to stop when it has met a failure that it would try again after. */
  rotateUntilTrouble(): Promise<Told>
  /** What the application's config holds logs in. */
  expectApplicationLogsIn(): Promise<void>
  /** The next run rotates, leaves nothing open, and the application logs in. */
  expectConverges(): Promise<void>
}

/**
 * A rig for it. Nobody restarts workers: in the rolling restart, when both credentials work and the
 * old one is still to be retired, `midway` is run instead, once.
 */
export async function outage(engine: RigEngine, midway?: () => Promise<void>): Promise<Outage> {
  let due = midway
  const rig = await startRig(engine, 'alternating', {
    // A server that does not answer is told after this; servers end our statements after 5 s.
    target: { call_limit: '6s' },
    roll: async () => {
      const now = due
      due = undefined
      await now?.()
    },
  })
  const rotate = async (stopAt?: RegExp): Promise<Told> => {
    let told = false
    const run = rig.cuedot(['rotate', '--log-json'], (line, child) => {
      if (told || stopAt?.test(line) !== true) return
      // Once: a second signal would end it at once.
      told = true
      child.kill('SIGTERM')
    })
    const { code, stdout, stderr } = await run.ended
    return toldBy(code, stdout, stderr)
  }
  const expectApplicationLogsIn = async (): Promise<void> => {
    const env = parseEnv(await readFile(join(rig.dir, 'app.env'), 'utf8'))
    const password = new Sensitive(env['DB_PASSWORD'] ?? '', 'password of the application')
    const session = await engine.connect({ username: env['DB_USER'] ?? '', password })
    await session.close()
  }
  return {
    rig,
    rotate: () => rotate(),
    rotateUntilTrouble: () => rotate(/"(?:STEP_FAILED|RETRYING)"/),
    expectApplicationLogsIn,
    async expectConverges() {
      const { exit, shown } = await rotate()
      expect(exit, shown).toBe(0)
      expect((await rig.document('AWSCURRENT'))?.rotation).toBeUndefined()
      await expectApplicationLogsIn()
    },
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  }
}

function toldBy(exit: number | null, stdout: string, stderr: string): Told {
  const shown = `${stdout}\n${stderr}`
  const last = json(stdout.trimEnd().split('\n').at(-1) ?? '')
  const text = (key: string): string => {
    const value = last[key]
    return typeof value === 'string' ? value : ''
  }
  const among = (key: string, field: string): readonly string[] =>
    [...JSON.stringify(last[key] ?? []).matchAll(new RegExp(`"${field}":"(\\w+)"`, 'g'))].map(
      ([, found]) => found ?? '',
    )
  return {
    ...{ exit, shown },
    result: {
      outcome: text('outcome'),
      what: text('what'),
      state: text('state'),
      todo: text('todo'),
    },
    codes: [text('code'), ...among('failures', 'code')],
    steps: among('actions', 'step'),
  }
}
