import type { RigEngine } from '../rig/engine.ts'
import { flat } from '../rig/rig.ts'
import { dropStandby, takeFromStandby } from './arrange.ts'
import type { Arrange } from './arrange.ts'
import { leakAll } from './leak.ts'
import { paceOwner } from './owned.ts'
import type { SecretName } from './secrets.ts'
import { OPENEMR_CASES } from './openemr-cases.ts'
import type { PlatformKind } from './openemr-platform.ts'
import { unadopt } from './unadopt.ts'
import type { StoreKind } from './world.ts'

/** What the configuration of a case is made from. */
export interface Parts {
  /** A secret, for `store:`. */
  readonly secret: (name: SecretName) => object
  readonly database: object
  readonly publish: readonly object[]
  readonly roll: readonly object[]
}

/** What all rows have. */
interface AnyCase {
  /** Unique; begins with the strategy. `--strategy` chooses by how it begins. */
  readonly name: string
  /** Where the secrets are kept that it is tried with. */
  readonly stores: readonly StoreKind[]
  /** The servers that can do it. Default: all. */
  readonly engines?: readonly RigEngine['engine'][]
  /** What is in the store at first, on a server of its own. Default: {@link firstDocuments}. */
  readonly documents?: (engine: RigEngine) => Documents
  /** Which calls are struck, where another row strikes the others. Default: all. */
  readonly struck?: (call: string, nth: number) => boolean
  /** What is done before each run that is struck, and what is asked when all has healed. */
  readonly arrange?: Arrange
  /** `arrange` leaves the standby user without a login until a run has ended well. */
  readonly noStandby?: true
  /** RDS owns the admin's secret. */
  readonly owned?: true
  /** What the command line is told before the name of the target: run, struck, and run again. */
  readonly command: readonly string[]
}

/** A target of a configuration. */
export interface ConfiguredCase extends AnyCase {
  readonly target: string
  /** `targets:` of the configuration. */
  readonly targets: (parts: Parts) => Readonly<Record<string, object>>
}

/** `cuedot openemr`, which makes its targets from the environment. */
export interface OpenemrCase extends AnyCase {
  readonly platform: PlatformKind
  /** Whether a fault strikes a call; other rows are struck by the others. */
  readonly strikes: (fault: string, call: string) => boolean
}

/** One way of rotating that the lane strikes: a row, whatever strategies there are. */
export type CrashCase = ConfiguredCase | OpenemrCase

const DRAIN = { quiet: '150ms', limit: '30s', poll: '75ms' }

const WAIT = { limit: '30s', poll: '75ms', doubt: '500ms' }

/** What it looks at is what the rows alternating, dual-password and single-user look at. */
const EMERGENCY = /\.(stage|promote|setPasswords?|endSessions|write|roll)$/

/** What the secrets of a world hold. */
export type Documents = Readonly<Record<SecretName, object>>

/** What is in the store when a server is new. */
export function firstDocuments({ slots, admin }: RigEngine): Documents {
  const app = { active_slot: 'A', A: flat(slots.A), B: flat(slots.B), team: 'crash' }
  return { slots: app, admin: flat(admin) }
}

const BOTH: readonly StoreKind[] = ['file', 'fake']

/** One user in a flat document. */
function oneUser({ slots, admin }: RigEngine): Documents {
  return { slots: flat(slots.A), admin: flat(admin) }
}

/** One running user that nobody has adopted. */
function running(engine: RigEngine): Documents {
  return oneUser(engine)
}

/** The admin as RDS keeps it. */
function managed(engine: RigEngine): Documents {
  const { username, password } = engine.admin
  const admin = { username, password: password.reveal() }
  return { ...firstDocuments(engine), admin }
}

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
    arrange: dropStandby,
    noStandby: true,
    command: ['rotate'],
    target: 'app',
    targets: (parts) => ({ app: { ...alternating(parts), quarantine: '200ms' } }),
  },
  {
    name: 'dual-password',
    stores: ['file'],
    engines: ['mariadb', 'mysql'],
    documents: oneUser,
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
    name: 'fix',
    stores: ['file'],
    struck: (call) => /\.(grantMissing|stage)$/.test(call),
    arrange: takeFromStandby,
    command: ['rotate', '--fix'],
    target: 'app',
    targets: (parts) => ({ app: alternating(parts) }),
  },
  {
    name: 'compromised',
    stores: ['file'],
    struck: (call) => EMERGENCY.test(call),
    arrange: leakAll,
    command: ['rotate', '--compromised'],
    target: 'app',
    targets: (parts) => ({ app: { ...alternating(parts), evict_after: '200ms' } }),
  },
  {
    name: 'compromised, dual-password',
    stores: ['file'],
    engines: ['mariadb', 'mysql'],
    documents: oneUser,
    struck: (call) => EMERGENCY.test(call),
    arrange: leakAll,
    command: ['rotate', '--compromised'],
    target: 'app',
    targets: (parts) => ({
      app: { ...alternating(parts), strategy: 'dual-password', evict_after: '200ms' },
    }),
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
  {
    name: 'adopt',
    stores: ['file'],
    documents: running,
    // What an adoption does; and the two looks before its first step and after it.
    struck: (call, nth) =>
      /\.(moveOwnership|stage|promote)$/.test(call) || (nth <= 2 && !/\.(end|version)$/.test(call)),
    arrange: unadopt,
    command: ['adopt'],
    target: 'app',
    targets: (parts) => ({ app: alternating(parts) }),
  },
  {
    name: 'managed',
    stores: ['fake'],
    engines: ['postgres'],
    owned: true,
    documents: managed,
    arrange: paceOwner,
    command: ['rotate'],
    target: 'admin',
    targets: ({ secret, database }) => ({
      admin: { strategy: 'managed', store: secret('admin'), database, wait: WAIT },
    }),
  },
  ...OPENEMR_CASES,
]

function alternating({ secret, database, publish, roll }: Parts): object {
  return {
    strategy: 'alternating',
    store: secret('slots'),
    admin: { store: secret('admin') },
    ...{ database, publish, roll, drain: DRAIN },
  }
}
