import { isDeepStrictEqual } from 'node:util'
import { Sensitive } from '@cuedot/client/protocol'
import { RotatorError } from '../../../rotator/src/errors.ts'
import type { Clock, Random } from '../../../rotator/src/ports/clock.ts'
import type { ConfigTarget } from '../../../rotator/src/ports/config-target.ts'
import type { UserTemplate } from '../../../rotator/src/ports/database.ts'
import type { Runtime } from '../../../rotator/src/ports/runtime.ts'
import type { SecretStore, SecretVersion } from '../../../rotator/src/ports/secret-store.ts'
import type { RunPolicy, Target } from '../../../rotator/src/ports/target.ts'
import { DEFAULT_PASSWORD_POLICY } from '../../../rotator/src/domain/password.ts'
import { simDatabase } from './database.ts'
import type { Gate } from './faults.ts'
import type { SimStore } from './store.ts'
import type { Held } from './names.ts'
import type { World } from './world.ts'

const POLICY: RunPolicy = {
  drainQuietMs: 1_500,
  drainLimitMs: 60_000,
  drainPollMs: 1_000,
  proveLimitMs: 10_000,
  callLimitMs: 5_000,
  quarantineMs: undefined,
  expireAfterMs: undefined,
  evictAfterMs: 2_000,
  password: DEFAULT_PASSWORD_POLICY,
}

/** What a slot of a world with an initial user may do. */
export const TEMPLATE: UserTemplate = { privileges: 'all', dbname: 'app', tls: true }

/** A target whose every port acts on the world, through the gate. */
export function simTarget(world: World, gate: Gate): Target {
  const admin = simStore(world, world.adminStore, gate)
  const { quarantine, expireAfterMs } = world.options
  const policy = { ...POLICY, quarantineMs: quarantine ? 2_000 : undefined, expireAfterMs }
  const common = { name: 'sim', database: simDatabase(world, gate), admin, policy }
  if (world.options.singleUser)
    return { ...common, strategy: 'single-user', store: admin, configs: [], runtimes: [] }
  return {
    ...common,
    ...(world.options.initial && { initial: TEMPLATE }),
    strategy: world.options.dualPassword ? 'dual-password' : 'alternating',
    store: simStore(world, world.store, gate),
    configs: [...world.configs.keys()].map((id) => simConfig(world, id, gate)),
    runtimes: [simRuntime(world, gate)],
  }
}

/** A secret of the world as a port. */
export function simStore(world: World, store: SimStore, gate: Gate): SecretStore {
  const version = ({ id, value, createdAt }: SimVersion): SecretVersion => ({
    id,
    value: new Sensitive(value, `version ${id}`),
    createdAt: new Date(createdAt),
  })
  return {
    secret: 'simulated',
    supports: { staleReadMs: world.options.staleReadMs ?? 0 },
    read: (call) =>
      gate.call(
        'store.read',
        'read',
        () => {
          const { versions, current, pending = current, previous } = store.look()
          const now = versions.get(current)
          const isDone = pending === current || pending === previous
          const next = isDone ? undefined : versions.get(pending)
          if (now === undefined) throw new Error('the store lost its current version')
          return { current: version(now), ...(next && { pending: version(next) }) }
        },
        call,
      ),
    version: (label, call) =>
      gate.call(
        'store.version',
        'read',
        () => {
          const found = store.labelled(label)
          return found && version(found)
        },
        call,
      ),
    stage: (value, token, call) =>
      gate.call(
        'store.stage',
        'write',
        () => {
          unlessLocked(world, 'store.stage')
          if (Buffer.byteLength(value.reveal()) > MOST_BYTES)
            throw new RotatorError('ERR_STORE_LIMIT', LIMIT)
          const staged = store.stage(value.reveal(), token)
          if (staged === undefined) throw conflict('stage')
          return version(staged)
        },
        call,
      ),
    owner: (call) => gate.call('store.owner', 'read', () => undefined, call),
    promote: (id, expected, call) =>
      gate.call(
        'store.promote',
        'write',
        () => {
          unlessLocked(world, 'store.promote')
          if (!store.promote(id, expected)) throw conflict('promote')
        },
        call,
      ),
  }
}

/** As AWS. */
const MOST_BYTES = 65_536
const LIMIT = { secret: 'simulated', problem: 'it is too large' }

interface SimVersion {
  readonly id: string
  readonly value: string
  readonly createdAt: number
}

function conflict(operation: string): RotatorError {
  return new RotatorError('ERR_STORE_CONFLICT', { secret: 'simulated', operation })
}

function unlessLocked(world: World, operation: string): void {
  if (world.lockHolder === undefined) world.checker.unlocked(operation)
}

/** A config target of the world as a port. */
export function simConfig(world: World, id: string, gate: Gate): ConfigTarget {
  return {
    id,
    read: (call) =>
      gate.call(
        'config.read',
        'read',
        () => {
          const held = world.configs.get(id)
          if (held === undefined) throw new RotatorError('ERR_TARGET_MISSING', { path: id })
          const password = new Sensitive(held.password, `password at ${id}`)
          const { username, version, host } = held
          const place = host === undefined ? {} : { host }
          return { username, password, ...place, ...(version !== undefined && { version }) }
        },
        call,
      ),
    write: ({ username, password, version, host }, call) =>
      gate.call(
        'config.write',
        'write',
        () => {
          unlessLocked(world, 'config.write')
          const held = world.configs.get(id)
          if (held === undefined) throw new RotatorError('ERR_TARGET_MISSING', { path: id })
          const named = world.options.dualPassword && version !== undefined && { version }
          const place = held.host === undefined ? {} : { host }
          const next: Held = { username, password: password.reveal(), ...named, ...place }
          if (!isDeepStrictEqual(held, next)) world.setConfig(id, next)
        },
        call,
      ),
  }
}

/** The world's application as a runtime. */
export function simRuntime(world: World, gate: Gate): Runtime {
  return world.options.forgets ? forgetful(world, gate) : remembering(world, gate)
}

/** What a process knows is what it has rolled and what it was told. */
function forgetful(world: World, gate: Gate): Runtime {
  const runtime = remembering(world, gate)
  /** By token: the process that knows it. */
  const known = new Map<string, number>()
  const isKnown = (token: string): boolean => known.get(token) === world.processes
  return {
    ...runtime,
    limitMs: 120_000,
    observe: async (token, call) => {
      const state = await runtime.observe(token, call)
      if (!isKnown(token)) return { state: 'due' }
      return state.state === 'rolling' ? { ...state, receipt: `receipt of ${token}` } : state
    },
    recall: (token, receipt) => {
      if (receipt === `receipt of ${token}`) known.set(token, world.processes)
    },
    roll: (token, call) =>
      gate.call(
        'runtime.roll',
        'write',
        () => {
          unlessLocked(world, 'runtime.roll')
          world.fleet.begin(token, !isKnown(token))
          known.set(token, world.processes)
        },
        call,
      ),
  }
}

function remembering(world: World, gate: Gate): Runtime {
  return {
    id: 'web',
    limitMs: 30_000,
    pollMs: 500,
    observe: (token, call) =>
      gate.call(
        'runtime.observe',
        'read',
        () => {
          const state = world.fleet.state(token)
          return state === 'failed' ? { state, why: 'instances are unhealthy' } : { state }
        },
        call,
      ),
    roll: (token, call) =>
      gate.call(
        'runtime.roll',
        'write',
        () => {
          unlessLocked(world, 'runtime.roll')
          world.fleet.begin(token)
        },
        call,
      ),
  }
}

const NEVER = new AbortController().signal

export function simClock(world: World): Clock {
  return {
    now: () => new Date(world.now),
    sleep: async (ms, wake) => {
      if (wake?.aborted !== true) world.advance(ms)
    },
    deadline: () => NEVER,
  }
}

/** Repeatable: the n-th draw of a world is the same in every trial. */
export function simRandom(world: World): Random {
  return {
    bytes: (count) => {
      // The first bytes spell the number of the draw in base 62, so that no two draws are equal.
      let rest = ++world.draws
      return Uint8Array.from({ length: count }, () => {
        const digit = rest % 62
        rest = Math.floor(rest / 62)
        return digit
      })
    },
    uuid: () => `rotation-${++world.draws}`,
  }
}
