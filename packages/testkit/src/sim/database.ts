import type { Sensitive } from '@cuedot/client/protocol'
import { RotatorError } from '../../../rotator/src/errors.ts'
import type { Call } from '../../../rotator/src/ports/call.ts'
import type {
  AdminSession,
  Database,
  LockState,
  Reference,
  SecondPassword,
  Session,
  UserComparison,
  UserPasswords,
} from '../../../rotator/src/ports/database.ts'
import type { Gate } from './faults.ts'
import { passwordsOf } from './world.ts'
import type { SimUser, World } from './world.ts'
import { USERNAMES } from './names.ts'
import type { Held } from './names.ts'

const WRITER = 'db.example:5432'
const REPLICA = 'replica.example:5432'

/** Users of the world own nothing. */
const NO_OWNERS = {
  describeOwnership: async () => ({ owner: '', changes: [], problems: [] }),
  moveOwnership: async () => undefined,
}

/** The world's database as a port: a writer and a replica that may lag. */
export function simDatabase(world: World, gate: Gate): Database {
  return {
    endpoints: [WRITER, REPLICA],
    longestUsername: 32,
    login: (credential, endpoint, call) =>
      gate.call(
        'db.login',
        'read',
        () => {
          const { username, password } = credential
          if (world.users.get(username)?.locked) return 'locked'
          const server = endpoint === WRITER ? 'writer' : 'replica'
          const held = { username, password: password.reveal() }
          return world.accepts(held, server) ? 'accepted' : 'denied'
        },
        call,
      ),
    changeOwnPassword: ({ username, password }, next, call) => {
      const change = (): void => {
        assertAccepted(world, { username, password: password.reveal() })
        setPassword(world, username, next)
      }
      return gate.call('db.changeOwnPassword', 'write', change, call)
    },
    admin: async (credential, { lock }, call) => {
      const before = world.lockHolder
      try {
        return await gate.call(
          'db.admin',
          'read',
          () => {
            const { username, password } = credential
            assertAccepted(world, { username, password: password.reveal() })
            return openSession(world, gate, lock)
          },
          call,
        )
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

function assertAccepted(world: World, held: Held): void {
  if (world.accepts(held)) return
  throw new RotatorError('ERR_DB_AUTH', { endpoint: WRITER, username: held.username })
}

function openSession(world: World, gate: Gate, lock: 'take' | 'look'): AdminSession {
  const self = {}
  if (lock === 'take') world.lockHolder ??= self
  const state: LockState =
    world.lockHolder === undefined
      ? { kind: 'free' }
      : world.lockHolder === self
        ? { kind: 'own' }
        : { kind: 'held', by: 'another simulated run' }
  const write = (name: string, effect: () => void, call: Call): Promise<void> => {
    const apply = (): void => {
      if (world.lockHolder !== self) world.checker.unlocked(name)
      world.changes += 1
      effect()
    }
    return gate.call(name, 'write', apply, call)
  }
  return {
    ...{ lock: state, ...NO_OWNERS },
    setPassword: (username, password, call) =>
      write('db.setPassword', () => setPassword(world, username, password), call),
    compareUsers: (reference, username, call) =>
      gate.call('db.compareUsers', 'read', () => compare(world, reference, username), call),
    provision: (reference, username, call) =>
      write('db.provision', () => provision(world, reference, username), call),
    setPasswords: (username, passwords, call) =>
      write('db.setPasswords', () => setPasswords(world, username, passwords), call),
    hasSecondPassword: (username, call) =>
      gate.call('db.hasSecondPassword', 'read', () => secondPassword(world, username), call),
    grantMissing: (_reference, username, call) =>
      write('db.grantMissing', () => Object.assign(userOf(world, username), { equal: true }), call),
    sessions: (usernames, call) =>
      gate.call('db.sessions', 'read', () => sessionsOf(world, usernames), call),
    openLogins: (call) => gate.call('db.openLogins', 'read', () => [], call),
    endSessions: (sessions, call) => {
      const end = (): void => world.fleet.end(sessions.map(({ id }) => id))
      return write('db.endSessions', end, call)
    },
    loginCount: (_username, call) => gate.call('db.loginCount', 'read', () => undefined, call),
    blocksAfterRefusals: (_username, call) =>
      gate.call('db.blocksAfterRefusals', 'read', () => false, call),
    lockedLogins: (call) => gate.call('db.lockedLogins', 'read', () => undefined, call),
    expire: (username, at, call) =>
      write(
        'db.expire',
        () => Object.assign(userOf(world, username), { expiresAt: at?.getTime() }),
        call,
      ),
    expiry: (username, call) =>
      gate.call('db.expiry', 'read', () => dateOf(world.users.get(username)?.expiresAt), call),
    quarantine: (username, on, call) =>
      write('db.quarantine', () => Object.assign(userOf(world, username), { locked: on }), call),
    [Symbol.asyncDispose]: async () => {
      if (world.lockHolder === self) world.lockHolder = undefined
    },
  }
}

function setPassword(world: World, username: string, password: Sensitive): void {
  userOf(world, username)
  if (world.options.initial && username === USERNAMES.admin)
    world.checker.broken.push('I1 the initial user was given a password')
  world.setPassword(username, password.reveal())
}

function setPasswords(world: World, username: string, { kept, added }: UserPasswords): void {
  userOf(world, username)
  if (!world.accepts({ username, password: kept.reveal() }))
    world.checker.broken.push('I1 a password is kept that is not accepted')
  world.setPasswords(username, kept.reveal(), added?.reveal())
}

function secondPassword(world: World, username: string): SecondPassword {
  const user = userOf(world, username)
  const behind = world.now < user.replicaAt
  const replica = (behind ? user.replicaPasswords : passwordsOf(user)).length > 1
  const writer = user.second !== undefined
  if (writer && replica) return 'everywhere'
  return writer || replica ? 'somewhere' : 'nowhere'
}

function sessionsOf({ fleet }: World, usernames: readonly string[]): readonly Session[] {
  const theirs = fleet.sessions().filter(({ username }) => usernames.includes(username))
  return theirs.map(asSession)
}

function dateOf(at: number | undefined): Date | undefined {
  return at === undefined ? undefined : new Date(at)
}

function compare(world: World, reference: Reference, username: string): UserComparison {
  const user = world.users.get(username)
  const wanted = typeof reference === 'string' ? userOf(world, reference).equal : true
  if (user === undefined) return { state: 'absent', lacks: [] }
  if (user.equal || !wanted) return { state: 'equal', lacks: [] }
  return { state: user.locked ? 'partial' : 'differs', lacks: ['SELECT on table "t"'] }
}

function provision(world: World, reference: Reference, username: string): void {
  if (typeof reference === 'string' && !world.users.has(reference))
    throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: WRITER, problem: 'no reference' })
  if (!world.users.has(username)) {
    world.addUser(username, '')
    userOf(world, username).locked = true
  }
  userOf(world, username).equal = true
}

function userOf(world: World, username: string): SimUser {
  const user = world.users.get(username)
  if (user) return user
  const operation = `find ${username}`
  throw new RotatorError('ERR_DB_STATEMENT', { endpoint: WRITER, operation, sqlstate: '02000' })
}

function asSession({ username, version = '', id }: Held & { readonly id: string }): Session {
  const application = username === USERNAMES.admin ? 'psql' : 'web'
  const where = { client: '10.0.0.7', application, endpoint: WRITER }
  return { username, ...where, id, credentialVersion: version }
}
