import { USERNAMES } from './names.ts'
import { DONE, straggler } from './start.ts'
import type { Start } from './start.ts'
import { ON_INITIAL, slotDocument } from './world.ts'
import type { World } from './world.ts'

const INITIAL = { initial: true } as const

const REHEARSED = ['rehearsed', 'backed-out', 'settled'] as const

/** A user that somebody has made, with a password that no document has. */
function addUser(world: World, slot: 'A' | 'B'): void {
  world.addUser(USERNAMES[slot], `${slot}-of-somebody`)
}

/** The secret and the users are in order, and the application is on the admin all the same. */
function inOrder(world: World): void {
  world.addSlots()
  world.store.overwrite(slotDocument('a0-password', 'b0-password'))
}

/** The starts of a target whose application runs as the admin. */
export const INITIAL_STARTS: readonly Start[] = [
  { name: 'initial user', options: INITIAL, intent: 'rotate', ends: DONE },
  {
    name: 'initial user, random passwords in the secret',
    options: INITIAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => world.store.overwrite(slotDocument('never-set-a', 'never-set-b')),
  },
  {
    name: 'initial user, active slot is B',
    options: INITIAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => world.store.overwrite(slotDocument('placeholder', 'placeholder', 'B')),
  },
  {
    name: 'initial user, the store lags',
    options: { ...INITIAL, staleReadMs: 3_000 },
    intent: 'rotate',
    ends: DONE,
  },
  {
    name: 'initial user, the replica lags',
    options: { ...INITIAL, replicaLagMs: 700 },
    intent: 'rotate',
    ends: DONE,
  },
  {
    name: 'initial user, quarantine',
    options: { ...INITIAL, quarantine: true },
    intent: 'rotate',
    ends: DONE,
  },
  {
    name: 'initial user, the standby user is there and idle',
    options: INITIAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => addUser(world, 'B'),
  },
  {
    name: 'initial user, the active user is there and idle',
    options: INITIAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => addUser(world, 'A'),
  },
  {
    name: 'initial user, somebody else is on the active user for a while',
    options: INITIAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => {
      addUser(world, 'A')
      straggler(world, 'A', 20_000)
    },
  },
  {
    name: 'initial user, the standby user is in use',
    options: INITIAL,
    intent: 'rotate',
    ends: ['refused'],
    arrange: (world) => {
      addUser(world, 'B')
      straggler(world, 'B', 9e15)
    },
  },
  {
    name: 'initial user, a half-made standby user',
    options: INITIAL,
    intent: 'rotate',
    ends: DONE,
    arrange: (world) => {
      addUser(world, 'B')
      Object.assign(world.users.get(USERNAMES.B) ?? {}, { locked: true, equal: false })
    },
  },
  {
    name: 'initial user, unhealthy on B',
    options: { ...INITIAL, unhealthyOn: 'B' },
    intent: 'rotate',
    ends: ['backed-out'],
  },
  { name: 'initial user, a rehearsal', options: INITIAL, intent: 'rehearse', ends: REHEARSED },
  {
    name: 'initial user, nothing asked for',
    options: INITIAL,
    intent: 'converge',
    ends: ['settled'],
  },
  {
    name: 'initial user, backed out before the flip',
    options: INITIAL,
    intent: 'back-out',
    ends: ['backed-out', 'settled'],
    arrange: (world) => world.store.stage(opened(), 'staged-by-a-killed-run'),
  },
  {
    name: 'initial user, backed out after the roll',
    options: INITIAL,
    intent: 'back-out',
    ends: ['backed-out', 'settled'],
    arrange: rolledToB,
  },
  {
    name: 'initial user, a rotation that was killed after the roll',
    options: INITIAL,
    intent: 'converge',
    ends: DONE,
    arrange: rolledToB,
  },
  {
    name: 'initial user, the secret is in order',
    options: INITIAL,
    intent: 'converge',
    ends: DONE,
    arrange: inOrder,
  },
  {
    name: 'initial user, the secret is in order and a rotation is asked for',
    options: INITIAL,
    intent: 'rotate',
    ends: DONE,
    arrange: inOrder,
  },
  {
    name: 'initial user, the secret is in order, unhealthy on A',
    options: { ...INITIAL, unhealthyOn: 'A' },
    intent: 'converge',
    ends: ['backed-out'],
    arrange: inOrder,
  },
  {
    name: 'initial user in half of the config, unhealthy on A',
    options: { ...INITIAL, unhealthyOn: 'A' },
    intent: 'converge',
    ends: ['backed-out'],
    arrange: (world) => {
      inOrder(world)
      world.configs.set('job.json', { username: USERNAMES.A, password: 'a0-password' })
    },
  },
  {
    name: 'initial user with a password of before, the secret is in order',
    options: INITIAL,
    intent: 'converge',
    ends: DONE,
    arrange: (world) => {
      inOrder(world)
      for (const id of world.configs.keys())
        world.configs.set(id, { ...ON_INITIAL, password: 'of before' })
    },
  },
  {
    name: 'initial user, compromised',
    options: { ...INITIAL, urgent: true },
    intent: 'rotate',
    ends: DONE,
  },
]

/** What the first rotation of such a target has written by the time it flips. */
function opened(): string {
  const document: object = JSON.parse(slotDocument('placeholder', 'b1-password', 'B'))
  const place = { host: 'alias.example' }
  const initial = { 'web.env': place, 'job.json': place }
  const rotation = { id: 'killed', from: 'A', to: 'B', reason: '', by: '', opened_at: '', initial }
  return JSON.stringify({ ...document, rotation })
}

function rolledToB(world: World): void {
  const held = { username: USERNAMES.B, password: 'b1-password' }
  world.addUser(held.username, held.password)
  world.store.overwrite(opened())
  for (const id of world.configs.keys()) world.configs.set(id, { ...held, host: 'alias.example' })
  world.fleet.instances = world.fleet.instances.map(() => held)
}
