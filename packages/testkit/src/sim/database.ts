import { RotatorError } from '../../../rotator/src/errors.ts'
import type {
  AdminSession,
  Database,
  LockState,
  Session,
} from '../../../rotator/src/ports/database.ts'
import type { Gate } from './faults.ts'
import type { World } from './world.ts'
import { USERNAMES } from './names.ts'

const ENDPOINTS = { 'db.example:5432': 'writer', 'replica.example:5432': 'replica' } as const

/** The world's database as a port: a writer and a replica that may lag. */
export function simDatabase(world: World, gate: Gate): Database {
  return {
    endpoints: Object.keys(ENDPOINTS),
    login: (credential, endpoint) =>
      gate.call('db.login', 'read', () => {
        const { username, password } = credential
        if (world.users.get(username)?.locked) return 'locked'
        const server = endpoint === 'db.example:5432' ? 'writer' : 'replica'
        const held = { username, password: password.reveal() }
        return world.accepts(held, server) ? 'accepted' : 'denied'
      }),
    admin: async (credential, { lock }) => {
      const before = world.lockHolder
      try {
        return await gate.call('db.admin', 'read', () => {
          const { username, password } = credential
          if (!world.accepts({ username, password: password.reveal() }))
            throw new RotatorError('ERR_DB_AUTH', { endpoint: 'db.example:5432', username })
          return openSession(world, gate, lock)
        })
      } catch (error) {
        // The server notices after a while that nobody is there.
        if (world.lockHolder && world.lockHolder !== before)
          world.orphan = { holder: world.lockHolder, until: world.now + ORPHAN_MS }
        throw error
      }
    },
  }
}

const ORPHAN_MS = 1_000

function openSession(world: World, gate: Gate, lock: 'take' | 'look'): AdminSession {
  const self = {}
  if (lock === 'take') world.lockHolder ??= self
  const state: LockState =
    world.lockHolder === undefined
      ? { kind: 'free' }
      : world.lockHolder === self
        ? { kind: 'own' }
        : { kind: 'held', by: 'another simulated run' }
  const write = (name: string, effect: () => void): Promise<void> =>
    gate.call(name, 'write', () => {
      if (world.lockHolder !== self) world.checker.unlocked(name)
      world.changes += 1
      effect()
    })
  return {
    lock: state,
    setPassword: (username, password) =>
      write('db.setPassword', () => world.setPassword(username, password.reveal())),
    compareUsers: (_reference, username) =>
      gate.call('db.compareUsers', 'read', () => {
        const user = world.users.get(username)
        if (user === undefined) return { state: 'absent', lacks: [] }
        if (user.equal) return { state: 'equal', lacks: [] }
        return { state: user.locked ? 'partial' : 'differs', lacks: ['SELECT on table "t"'] }
      }),
    provision: (_reference, username) =>
      write('db.provision', () => {
        if (!world.users.has(username)) world.addUser(username, '')
        const user = world.users.get(username)
        if (user) Object.assign(user, { equal: true, locked: true })
      }),
    sessions: (usernames) =>
      gate.call('db.sessions', 'read', () =>
        world.fleet
          .sessions()
          .filter((username) => usernames.includes(username))
          .map(asSession),
      ),
    quarantine: (username, on) =>
      write('db.quarantine', () => {
        const user = world.users.get(username)
        if (user) user.locked = on
      }),
    [Symbol.asyncDispose]: async () => {
      if (world.lockHolder === self) world.lockHolder = undefined
    },
  }
}

function asSession(username: string): Session {
  const application = username === USERNAMES.admin ? 'psql' : 'web'
  return { username, client: '10.0.0.7', application, endpoint: 'db.example:5432' }
}
