import { USERNAMES } from './names.ts'
import { DONE, straggler } from './start.ts'
import type { Start } from './start.ts'
import { dualDocument } from './world.ts'
import type { World } from './world.ts'

const DUAL = { dualPassword: true } as const

/** The starts of a target whose one user has two passwords while a rotation is open. */
export const DUAL_STARTS: readonly Start[] = [
  { name: 'dual password', options: DUAL, intent: 'rotate', ends: DONE },
  {
    name: 'dual password, letters swapped',
    options: DUAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => world.store.overwrite(dualDocument('a0-password', { password_slot: 'B' })),
  },
  {
    name: 'dual password, the store lags',
    options: { ...DUAL, staleReadMs: 3_000 },
    intent: 'rotate',
    ends: DONE,
  },
  {
    name: 'dual password, the replica lags',
    options: { ...DUAL, replicaLagMs: 700 },
    intent: 'rotate',
    ends: DONE,
  },
  {
    name: 'dual password, slow rollout',
    options: { ...DUAL, rollEveryMs: 4_000 },
    intent: 'rotate',
    ends: DONE,
  },
  {
    name: 'dual password, slow rollout that a new process does not see',
    options: { ...DUAL, rollEveryMs: 15_000, forgets: true },
    intent: 'rotate',
    ends: DONE,
  },
  {
    name: 'dual password, unhealthy on the new one',
    options: { ...DUAL, unhealthyOn: 'B' },
    intent: 'rotate',
    ends: ['backed-out'],
  },
  {
    name: 'dual password, a straggler that does not say which it uses',
    options: DUAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => straggler(world, 'A', 20_000),
  },
  {
    name: 'dual password, a straggler that never leaves by itself',
    options: DUAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => straggler(world, 'A', 9e15),
    heal: (world) => {
      world.fleet.stragglers = []
    },
  },
  {
    name: 'dual password, a second password that nobody knows',
    options: DUAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => void world.setPasswords(USERNAMES.both, 'a0-password', 'x0-password'),
  },
  {
    name: 'dual password, consumers on a second password',
    options: DUAL,
    intent: 'converge',
    ends: DONE,
    arrange: consumersOnSecond,
  },
  {
    name: 'dual password, the document has lost the live password',
    options: DUAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => world.store.overwrite(dualDocument('stale-password')),
  },
  {
    name: 'dual password, a known second password that is dead',
    options: DUAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => {
      const other = { password: 'dead-password', password_version: 'd0' }
      world.store.overwrite(dualDocument('a0-password', { other_password: other }))
    },
  },
  {
    name: 'dual password, backed out before the password is set',
    options: DUAL,
    intent: 'back-out',
    ends: ['backed-out', 'settled'],
    arrange: openRotation,
  },
  {
    name: 'dual password, backed out after the password is set',
    options: DUAL,
    intent: 'back-out',
    ends: ['backed-out', 'settled'],
    arrange: (world) => {
      openRotation(world)
      world.setPasswords(USERNAMES.both, 'a0-password', 'b1-password')
    },
  },
  {
    name: 'dual password, after a rotation that was backed out',
    options: DUAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => {
      const other = { password: 'b1-password', password_version: 'b1' }
      world.store.overwrite(dualDocument('a0-password', { other_password: other }))
      world.setPasswords(USERNAMES.both, 'a0-password', 'b1-password')
    },
  },
  {
    name: 'dual password, a rehearsal',
    options: DUAL,
    intent: 'rehearse',
    ends: ['rehearsed', 'backed-out', 'settled'],
  },
  {
    name: 'dual password, compromised',
    options: { ...DUAL, urgent: true },
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => straggler(world, 'A', 9e15),
  },
]

/** Somebody has retained a password by hand, and consumers still have it. */
function consumersOnSecond(world: World): void {
  const held = { username: USERNAMES.both, password: 'x0-password' }
  world.setPasswords(USERNAMES.both, 'a0-password', 'x0-password')
  for (const id of world.configs.keys()) world.configs.set(id, { ...held, version: '' })
  world.fleet.instances = world.fleet.instances.map(() => held)
}

/** A run was killed after it had staged the next password. */
function openRotation(world: World): void {
  const rotation = { id: 'killed', from: 'A', to: 'B', reason: '', by: '', opened_at: '' }
  const other = { password: 'a0-password', password_version: 'a0' }
  const more = { password_slot: 'B', password_version: 'b1', other_password: other, rotation }
  world.store.stage(dualDocument('b1-password', more), 'staged-by-a-killed-run')
}
