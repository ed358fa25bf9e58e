import pg from 'pg'
import { quoteAccount } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import type { RigEngine } from '../rig/engine.ts'
import { flat } from '../rig/rig.ts'
import type { SecretName } from './secrets.ts'
import type { StoreKind } from './world.ts'

/** What the configuration of a case is made from. */
export interface Parts {
  /** A secret, for `store:`. */
  readonly secret: (name: SecretName) => object
  readonly database: object
  readonly publish: readonly object[]
  readonly roll: readonly object[]
}

/** One way of rotating that the lane strikes: a row, whatever strategies there are. */
export interface CrashCase {
  /** Unique; begins with the strategy. `--strategy` chooses by how it begins. */
  readonly name: string
  /** Where the secrets are kept that it is tried with. */
  readonly stores: readonly StoreKind[]
  /** The servers that can do it. Default: all. */
  readonly engines?: readonly RigEngine['engine'][]
  /** What is in the store at first, on a server of its own. Default: {@link firstDocuments}. */
  readonly documents?: (engine: RigEngine) => Documents
  /** Which calls are struck, where another row strikes the others. Default: all. */
  readonly struck?: (call: string) => boolean
  /**
   * What is done before each run that is struck. The standby user may then be without a login until
   * a run has ended well.
   */
  readonly arrange?: (engine: RigEngine, standby: string) => Promise<void>
  /** What the command line is told before the name of the target: run, struck, and run again. */
  readonly command: readonly string[]
  readonly target: string
  /** `targets:` of the configuration. */
  readonly targets: (parts: Parts) => Readonly<Record<string, object>>
}

const DRAIN = { quiet: '150ms', limit: '30s', poll: '75ms' }

/** What the secrets of a world hold. */
export type Documents = Readonly<Record<SecretName, object>>

/** What is in the store when a server is new. */
export function firstDocuments({ slots, admin }: RigEngine): Documents {
  const app = { active_slot: 'A', A: flat(slots.A), B: flat(slots.B), team: 'crash' }
  return { slots: app, admin: flat(admin) }
}

const BOTH: readonly StoreKind[] = ['file', 'fake']

/** The rows, in the order in which they are reported. */
export const CASES: readonly CrashCase[] = [
  {
    name: 'alternating',
    stores: BOTH,
    command: ['rotate'],
    target: 'app',
    targets: (parts) => ({ app: alternating(parts) }),
  },
  {
    name: 'alternating, standby made anew, quarantine',
    stores: ['file'],
    struck: (call) => /\.(provision|quarantine|setPassword)$/.test(call),
    arrange: dropUser,
    command: ['rotate'],
    target: 'app',
    targets: (parts) => ({ app: { ...alternating(parts), quarantine: '200ms' } }),
  },
  {
    name: 'dual-password',
    stores: ['file'],
    engines: ['mariadb', 'mysql'],
    documents: ({ slots, admin }) => ({ slots: flat(slots.A), admin: flat(admin) }),
    command: ['rotate'],
    target: 'app',
    targets: (parts) => ({ app: { ...alternating(parts), strategy: 'dual-password' } }),
  },
  {
    name: 'alternating, old account expires',
    stores: ['file'],
    engines: ['postgres'],
    struck: (call) => /\.(expire|expiry)$/.test(call),
    command: ['rotate'],
    target: 'app',
    targets: (parts) => ({ app: { ...alternating(parts), expire_after: '1h' } }),
  },
  {
    name: 'single-user',
    stores: BOTH,
    command: ['rotate'],
    target: 'admin',
    targets: ({ secret, database }) => ({
      admin: { strategy: 'single-user', store: secret('admin'), database },
    }),
  },
]

/** As whoever set up the database could. */
async function dropUser(engine: RigEngine, username: string): Promise<void> {
  await using root = await engine.root()
  const account = quoteAccount({ user: username, host: '%' })
  const role = pg.escapeIdentifier(username)
  await root.ask(engine.engine === 'postgres' ? `DROP ROLE ${role}` : `DROP USER ${account}`)
}

function alternating({ secret, database, publish, roll }: Parts): object {
  return {
    strategy: 'alternating',
    store: secret('slots'),
    admin: { store: secret('admin') },
    ...{ database, publish, roll, drain: DRAIN },
  }
}
