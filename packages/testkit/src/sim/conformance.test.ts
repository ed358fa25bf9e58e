// Goal: the simulated parts keep the contracts that the real ones keep. Method: the same suites.
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { describe } from 'vitest'
import { RotatorError } from '../../../rotator/src/errors.ts'
import { accountTests } from '../conformance/database-accounts.ts'
import { ownPasswordTests } from '../conformance/database-own-password.ts'
import { templateTests } from '../conformance/database-templates.ts'
import { makeSuite } from '../conformance/database-fixture.ts'
import type { DatabaseFixture, Suite } from '../conformance/database-fixture.ts'
import { configTargetConformance } from '../conformance/config-target.ts'
import { runtimeConformance } from '../conformance/runtime.ts'
import { secretStoreConformance } from '../conformance/secret-store.ts'
import { simDatabase } from './database.ts'
import { Gate } from './faults.ts'
import type { SlotName } from './names.ts'
import { USERNAMES } from './names.ts'
import { simConfig, simRuntime, simStore } from './ports.ts'
import { SimStore } from './store.ts'
import { World } from './world.ts'

const nothing = async (): Promise<void> => undefined

secretStoreConformance('simulated', async () => {
  const world = new World({ beginsAt: Date.now() })
  const gate = new Gate(world, [])
  const secrets = new Map<string, SimStore>()
  const missing = async (): Promise<never> => {
    throw new RotatorError('ERR_STORE_NOT_FOUND', { secret: 'simulated' })
  }
  return {
    create: async (name, value) => void secrets.set(name, new SimStore(world, value.reveal())),
    open: (name) => {
      const store = secrets.get(name)
      if (store) return simStore(world, store, gate)
      const supports = { staleReadMs: 0 }
      const calls = { read: missing, version: missing, stage: missing, promote: missing }
      return { secret: name, supports, ...calls, owner: missing }
    },
    [Symbol.asyncDispose]: nothing,
  }
})

configTargetConformance('simulated', async (initial) => {
  const world = new World()
  const id = 'web.env'
  const shown = ({ username, password }: Credential): object => ({
    username,
    password: password.reveal(),
  })
  world.setConfig(id, { username: initial.username, password: initial.password.reveal() })
  return {
    target: simConfig(world, id, new Gate(world, [])),
    carries: [],
    everything: async () => ({ ...world.configs.get(id) }),
    expected: shown,
    stamp: async () => String(world.changes),
    attributes: async () => id,
    leftovers: async () => [],
    breakWrites: async () => 'a simulated write fails only by a fault of the gate',
    remove: async () => void world.configs.delete(id),
    [Symbol.asyncDispose]: nothing,
  }
})

runtimeConformance(
  'simulated',
  async () => {
    const options: { unhealthyOn?: SlotName; rollEveryMs: number } = { rollEveryMs: 10 }
    const world = new World(options)
    const gate = new Gate(world, [])
    return {
      create: () => ({ ...simRuntime(world, gate), pollMs: 1 }),
      setCourse: async (course) => {
        if (course === 'failed') options.unhealthyOn = 'A'
        else delete options.unhealthyOn
      },
      begun: async () => world.fleet.begun,
      [Symbol.asyncDispose]: nothing,
    }
  },
  { courses: ['done', 'failed'], remembers: true },
)

runtimeConformance(
  'simulated, and a new process has to be told',
  async () => {
    const options: { unhealthyOn?: SlotName; rollEveryMs: number; forgets: true } = {
      rollEveryMs: 10,
      forgets: true,
    }
    const world = new World(options)
    const gate = new Gate(world, [])
    return {
      create: () => {
        world.processes += 1
        return { ...simRuntime(world, gate), pollMs: 1 }
      },
      setCourse: async (course) => {
        if (course === 'failed') options.unhealthyOn = 'A'
        else delete options.unhealthyOn
      },
      begun: async () => world.fleet.begun,
      [Symbol.asyncDispose]: nothing,
    }
  },
  { courses: ['done', 'failed'], remembers: false, receipts: true },
)

/** The network, TLS and logs of a server are not simulated; what happens to accounts is. */
describe('a database: simulated', () => {
  const suite = makeSuite(simulatedDatabase())
  accountTests((): Suite => suite)
  ownPasswordTests((): Suite => suite)
  templateTests((): Suite => suite)
})

function simulatedDatabase(): DatabaseFixture {
  const world = new World()
  const gate = new Gate(world, [])
  const admin: Credential = {
    username: USERNAMES.admin,
    password: new Sensitive('c0-password', 'password of the admin'),
    host: 'db.example',
    port: 5432,
    dbname: 'app',
  }
  const unused = async (): Promise<never> => {
    throw new Error('the tests of accounts do not need this')
  }
  return {
    endpoint: { host: 'db.example', port: 5432 },
    ca: '',
    untrustedCa: '',
    admin,
    showsApplication: true,
    showsOpenLogins: false,
    countsLogins: false,
    database: () => simDatabase(world, gate),
    createUser: async (username, password, rights) => {
      world.addUser(username, password.reveal())
      Object.assign(world.users.get(username) ?? {}, { equal: rights === 'application' })
    },
    revokeOne: async (username) => {
      Object.assign(world.users.get(username) ?? {}, { equal: false })
      return /^SELECT on table "t"$/
    },
    halfMake: async (username) => {
      world.addUser(username, '')
      Object.assign(world.users.get(username) ?? {}, { equal: false, locked: true })
    },
    useRights: nothing,
    openSession: async () => ({ work: nothing, [Symbol.asyncDispose]: nothing }),
    killSessions: unused,
    beginLogin: unused,
    letEndSessions: unused,
    exhaust: unused,
    plaintextServer: unused,
    log: async () => '',
    [Symbol.asyncDispose]: nothing,
  }
}
