import { run } from '../../../rotator/src/engine/run.ts'
import { Gate } from './faults.ts'
import { simTarget } from './ports.ts'
import { simEnvironment } from './explore.ts'
import { USERNAMES } from './names.ts'
import { DUAL_STARTS } from './dual-starts.ts'
import { INITIAL_STARTS } from './initial-starts.ts'
import { slotDocument } from './world.ts'
import { DONE, straggler } from './start.ts'
import type { Start } from './start.ts'
import type { World } from './world.ts'

function everyoneOnB(world: World): void {
  const held = { username: USERNAMES.B, password: 'b0-password' }
  for (const id of world.configs.keys()) world.configs.set(id, held)
  world.fleet.instances = world.fleet.instances.map(() => held)
}

/** A second rotator starts in the middle of the first and must find the door locked. */
async function secondRotator(world: World): Promise<void> {
  const target = simTarget(world, new Gate(world, []))
  // A session that is only left over at the server may end while the second rotator begins.
  const held = world.lockHolder === world.orphan?.holder ? undefined : world.lockHolder
  const result = await run(target, 'rotate', simEnvironment(world))
  if (held !== undefined && result.outcome !== 'locked')
    world.checker.broken.push(`I4 the second rotator was ${result.outcome}`)
}

/** An operator adds a key to the secret while a rotation is open. */
async function operatorEdits(world: World): Promise<void> {
  const { store } = world
  const document = store.document(store.truth.current)
  store.overwrite(JSON.stringify({ ...document, edited: 'by hand' }))
}

const TWO_USERS: readonly Start[] = [
  { name: 'in order', options: {}, intent: 'rotate', ends: DONE },
  { name: 'active slot is B', options: {}, intent: 'rotate', ends: DONE, arrange: startOnB },
  { name: 'the store lags', options: { staleReadMs: 3_000 }, intent: 'rotate', ends: DONE },
  { name: 'the replica lags', options: { replicaLagMs: 700 }, intent: 'rotate', ends: DONE },
  { name: 'slow rollout', options: { rollEveryMs: 4_000 }, intent: 'rotate', ends: DONE },
  {
    name: 'slow rollout that a new process does not see',
    options: { rollEveryMs: 15_000, forgets: true },
    intent: 'rotate',
    ends: DONE,
  },
  {
    name: 'rollout too slow',
    options: { rollEveryMs: 25_000 },
    intent: 'rotate',
    ends: [...DONE, 'refused'],
  },
  { name: 'unhealthy on B', options: { unhealthyOn: 'B' }, intent: 'rotate', ends: ['backed-out'] },
  { name: 'quarantine', options: { quarantine: true }, intent: 'rotate', ends: DONE },
  { name: 'expiry', options: { expireAfterMs: 3_600_000 }, intent: 'rotate', ends: DONE },
  {
    name: 'expiry, and nobody finished in time',
    options: { expireAfterMs: 3_600_000 },
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => {
      Object.assign(world.users.get(USERNAMES.B) ?? {}, { expiresAt: world.now - 1 })
    },
  },
  {
    name: 'expiry, unhealthy on B',
    options: { expireAfterMs: 3_600_000, unhealthyOn: 'B' },
    intent: 'rotate',
    ends: ['backed-out'],
  },
  {
    name: 'backed out before the password is set',
    options: {},
    intent: 'back-out',
    ends: ['backed-out', 'settled'],
    arrange: (world) => openRotation(world),
  },
  {
    name: 'backed out after the password is set',
    options: {},
    intent: 'back-out',
    ends: ['backed-out', 'settled'],
    arrange: (world) => {
      openRotation(world)
      world.setPassword(USERNAMES.B, 'b1-password')
    },
  },
  {
    name: 'straggler on the active slot',
    options: {},
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => straggler(world, 'A', 20_000),
  },
  {
    name: 'straggler that never leaves by itself',
    options: {},
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => straggler(world, 'A', 9e15),
    heal: (world) => {
      world.fleet.stragglers = []
    },
  },
  {
    name: 'straggler on the standby slot',
    options: {},
    intent: 'rotate',
    ends: ['refused'],
    arrange: (world) => straggler(world, 'B', 9e15),
  },
  {
    name: 'everyone is on the standby slot',
    options: {},
    intent: 'rotate',
    ends: DONE,
    arrange: everyoneOnB,
  },
  {
    name: 'half of the config is on the standby slot',
    options: {},
    intent: 'rotate',
    ends: DONE,
    arrange: (world) =>
      world.configs.set('job.json', { username: USERNAMES.B, password: 'b0-password' }),
  },
  {
    name: 'the document has lost the live password',
    options: {},
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => world.store.overwrite(slotDocument('stale-password', 'b0-password')),
  },
  {
    name: 'the document has lost the standby password',
    options: {},
    intent: 'converge',
    ends: DONE,
    arrange: (world) => world.store.overwrite(slotDocument('a0-password', 'stale-password')),
  },
  {
    name: 'a config target holds what never worked',
    options: {},
    intent: 'converge',
    ends: DONE,
    arrange: (world) =>
      world.configs.set('job.json', { username: USERNAMES.A, password: 'a typing error' }),
  },
  {
    name: 'the standby user does not exist',
    options: {},
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => {
      world.users.delete(USERNAMES.B)
      world.store.overwrite(slotDocument('a0-password', 'placeholder'))
    },
  },
  {
    name: 'a second rotator',
    options: {},
    intent: 'rotate',
    ends: DONE,
    incident: { at: 20, what: secondRotator },
  },
  {
    name: 'an operator edits the secret before the flip',
    options: {},
    intent: 'rotate',
    ends: DONE,
    incident: { at: 14, what: operatorEdits },
  },
  {
    name: 'an operator edits the secret after the flip',
    options: {},
    intent: 'rotate',
    ends: DONE,
    incident: { at: 30, what: operatorEdits },
  },
  {
    name: 'admin',
    options: { singleUser: true },
    intent: 'rotate',
    ends: ['rotated', 'settled', 'backed-out'],
  },
  {
    name: 'admin, the store lags',
    options: { singleUser: true, staleReadMs: 3_000 },
    intent: 'rotate',
    ends: ['rotated', 'settled', 'backed-out'],
  },
  {
    name: 'admin, the database is older than the store',
    options: { singleUser: true },
    intent: 'rotate',
    ends: ['rotated', 'settled', 'backed-out'],
    arrange: olderDatabase,
  },
  {
    name: 'a rehearsal',
    options: {},
    intent: 'rehearse',
    ends: ['rehearsed', 'backed-out', 'settled'],
  },
  {
    name: 'a rotation after a rehearsal that was killed',
    options: {},
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => openRotation(world, { rehearses: true }),
  },
  { name: 'compromised', options: { urgent: true }, intent: 'rotate', ends: DONE },
  {
    name: 'compromised, with intruders on both slots',
    options: { urgent: true },
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => {
      straggler(world, 'A', 9e15)
      straggler(world, 'B', 9e15)
    },
  },
  {
    name: 'compromised, while a rotation is open',
    options: { urgent: true },
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => openRotation(world),
  },
  {
    name: 'admin, compromised',
    options: { singleUser: true, urgent: true },
    intent: 'rotate',
    ends: ['rotated', 'settled', 'backed-out'],
    arrange: (world) => {
      const held = { username: USERNAMES.admin, password: 'c0-password' }
      world.fleet.stragglers = [{ held, until: 9e15 }]
    },
  },
]

/** Every start that a rotation is tried from. */
export const STARTS: readonly Start[] = [...TWO_USERS, ...DUAL_STARTS, ...INITIAL_STARTS]

function startOnB(world: World): void {
  world.store.overwrite(slotDocument('a0-password', 'b0-password', 'B'))
  everyoneOnB(world)
}

function olderDatabase(world: World): void {
  const document = world.adminStore.document(world.adminStore.truth.current)
  world.adminStore.overwrite(JSON.stringify({ ...document, password: 'c1-password' }))
}

/** A run was killed after it had staged the standby's next password. */
function openRotation(world: World, more: object = {}): void {
  const document = JSON.parse(slotDocument('a0-password', 'b1-password', 'B')) as object
  const rotation = { id: 'killed', from: 'A', to: 'B', reason: '', by: '', opened_at: '', ...more }
  world.store.stage(JSON.stringify({ ...document, rotation }), 'staged-by-a-killed-run')
}

/** Starts in which something happens that no plan can know. */
const DISTURBED: ReadonlySet<string> = new Set([
  'rollout too slow',
  'unhealthy on B',
  'expiry, unhealthy on B',
  'straggler that never leaves by itself',
  'dual password, unhealthy on the new one',
  'dual password, a straggler that never leaves by itself',
  'initial user, unhealthy on B',
  'initial user, the secret is in order, unhealthy on A',
  'initial user in half of the config, unhealthy on A',
])

/** The other ones: what is planned is what is done. */
export const UNDISTURBED: readonly Start[] = STARTS.filter(
  (start) => !start.incident && !DISTURBED.has(start.name),
)
