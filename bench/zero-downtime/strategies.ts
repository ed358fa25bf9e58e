import { setTimeout as delay } from 'node:timers/promises'
import type { Sensitive } from '@cuedot/client/protocol'
import { adminOf, rigCall } from '../../packages/testkit/src/rig/fresh-slots.ts'
import type { RigEngine } from '../../packages/testkit/src/rig/engine.ts'
import type { Rig, RigStrategy } from '../../packages/testkit/src/rig/rig.ts'
import { randomPassword } from '../../packages/testkit/src/servers/postgres.ts'
import { envFile } from './env-file.ts'
import type { Load } from './load/process.ts'

/** What a strategy works with: a rig whose rolling restart is the load's. */
export interface Stage {
  readonly rig: Rig
  readonly load: Load
}

/** One way to change a credential under load. */
export interface Strategy {
  /** Stands in the results. */
  readonly name: string
  /** Stands in tables and charts. */
  readonly title: string
  /** True for cuedot's own: a single failed request fails the bench. */
  readonly own: boolean
  readonly engines: readonly RigEngine['engine'][]
  /** Of the rig's target. Default: alternating, which the baselines do not use. */
  readonly rig?: RigStrategy
  /** Changes the credential once. Resolves when the rotation is over. */
  readonly rotate: (stage: Stage) => Promise<void>
}

const EVERY_ENGINE = ['postgres', 'mariadb', 'mysql'] as const

/**
 * How long the second baseline waits for consumers that it cannot see. Twice what an ordinary
 * transaction takes, and shorter than the longest job: whoever writes the number down knows the
 * first and does not know the second.
 */
export const CLOCK_MS = 500

/** How cuedot waits: the window is longer than a login takes on a machine that is very busy. */
export const DRAIN = { quiet: '2s', limit: '60s', poll: '100ms' } as const

/** Every strategy that is measured. Another one is another entry. */
export const STRATEGIES: readonly Strategy[] = [
  {
    name: 'cuedot-alternating',
    title: 'cuedot, alternating users',
    own: true,
    engines: EVERY_ENGINE,
    rotate: byCuedot,
  },
  {
    name: 'cuedot-dual-password',
    title: 'cuedot, two passwords',
    own: true,
    engines: ['mariadb', 'mysql'],
    rig: 'dual-password',
    rotate: byCuedot,
  },
  {
    name: 'two-users-by-clock',
    title: 'two users, fixed wait',
    own: false,
    engines: EVERY_ENGINE,
    rotate: byClock,
  },
  {
    name: 'one-user',
    title: 'one user, one password',
    own: false,
    engines: EVERY_ENGINE,
    rotate: atOnce,
  },
]

/** The command line in a process of its own, as a scheduler runs it. */
async function byCuedot({ rig }: Stage): Promise<void> {
  const { code, stderr } = await rig.cuedot(['rotate', '--json']).ended
  if (code !== 0) throw new Error(`cuedot rotate ended with ${code}: ${stderr}`)
}

/** Sets the standby, moves the consumers, waits by the clock, changes the one before it. */
async function byClock({ rig, load }: Stage): Promise<void> {
  const { engine } = rig
  const before = (await envFile(rig).read(rigCall())).username
  const { A, B } = engine.slots
  const after = before === A.username ? B.username : A.username
  await using admin = await adminOf(engine)
  const password = randomPassword(after)
  await admin.setPassword(after, password, rigCall())
  await publish(rig, after, password)
  await load.roll()
  // The mistake that is measured: no condition says that nobody is left.
  await delay(CLOCK_MS)
  await admin.setPassword(before, randomPassword(before), rigCall())
}

/** Changes the password of the user that everybody uses, then tells everybody. */
async function atOnce({ rig, load }: Stage): Promise<void> {
  const { username } = await envFile(rig).read(rigCall())
  await using admin = await adminOf(rig.engine)
  const password = randomPassword(username)
  await admin.setPassword(username, password, rigCall())
  await publish(rig, username, password)
  await load.roll()
}

async function publish(rig: Rig, username: string, password: Sensitive): Promise<void> {
  await envFile(rig).write({ ...rig.engine.slots.A, username, password }, rigCall())
}
