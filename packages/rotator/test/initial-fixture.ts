import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Credential } from '@cuedot/client/protocol'
import { Sensitive } from '@cuedot/client/protocol'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { adminOf, rigCall } from '../../testkit/src/rig/fresh-slots.ts'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig } from '../../testkit/src/rig/rig.ts'
import { randomPassword } from '../../testkit/src/servers/postgres.ts'
import { nativeHash } from '../src/adapters/mysql/protocol/sql.ts'
import type { UserTemplate } from '../src/ports/database.ts'
import { SQLCONF_LAYOUTS } from './sqlconf-layouts.ts'

const [, ...LAYOUTS] = SQLCONF_LAYOUTS

/** What a target says that lets its first rotation begin on the admin. */
export const INITIAL: object = { initial: { user: 'admin', privileges: 'all' } }

/** An application with a `sqlconf.php`, and a secret that may or may not know of its users. */
export interface Scene extends AsyncDisposable {
  readonly rig: Rig
  /** The bytes of sqlconf.php now. */
  sqlconf(): Promise<string>
  /** Replaces sqlconf.php, as whoever restores a file does; no consumer reads it meanwhile. */
  rewrite(text: string): Promise<void>
  /** Whether this password logs in. */
  logsIn(login: { readonly username: string; readonly password: string }): Promise<boolean>
}

/** How a scene differs from a fresh stack. */
export interface SceneOptions {
  /** The slot that the secret names. Default: A. */
  readonly active?: 'A' | 'B'
  /** True: both users exist, and the secret has their passwords. Default: stand-ins, no users. */
  readonly inOrder?: boolean
  /** What the secret has instead of stand-ins, for users that do not exist. */
  readonly passwords?: string
  /** Whose login sqlconf.php has. Default: the admin's. */
  readonly login?: Pick<Credential, 'username' | 'password'>
  /** The server as sqlconf.php names it. Default: `localhost`. */
  readonly host?: string
  readonly target?: Readonly<Record<string, unknown>>
  /** Called for each roll, after the rig's own consumers have been restarted. */
  readonly rolled?: () => Promise<void>
}

/** A user's first password, for scenes whose secret is in order. */
export async function firstSlots(engine: RigEngine): Promise<RigEngine['slots']> {
  const template: UserTemplate = { privileges: 'all', dbname: engine.dbname, tls: true }
  await using admin = await adminOf(engine)
  const make = async (slot: 'A' | 'B'): Promise<Credential> => {
    const credential = { ...engine.slots[slot], password: randomPassword(slot) }
    await admin.provision(template, credential.username, rigCall())
    await admin.setPassword(credential.username, credential.password, rigCall())
    return credential
  }
  return { A: await make('A'), B: await make('B') }
}

/** Takes away the users of the slots, on a server that scenes share. */
export async function dropSlots(engine: RigEngine): Promise<void> {
  await using root = await engine.root()
  for (const { username } of Object.values(engine.slots))
    await root.ask(`DROP USER IF EXISTS '${username}'@'%'`)
}

/** Sets a scene on a running server; disposing it leaves the server running. */
export async function setScene(engine: RigEngine, options: SceneOptions = {}): Promise<Scene> {
  const { active = 'A', inOrder = false, host = 'localhost', target = {}, rolled } = options
  const { passwords = 'placeholder' } = options
  if (!inOrder) await dropSlots(engine)
  const { username, password } = options.login ?? engine.admin
  const values = { host, port: engine.port, login: username, pass: password.reveal() }
  const layout = LAYOUTS[active === 'A' ? 0 : 1]
  const roll = async (): Promise<void> => {
    await rig.consumers.roll()
    await rolled?.()
  }
  const rig: Rig = await startRig(
    { ...engine, [Symbol.asyncDispose]: async () => undefined },
    'alternating',
    {
      document: documentOf(engine, { active, inOrder, passwords }),
      sqlconf: layout?.render({ ...values, dbase: engine.dbname }).toString('utf8') ?? '',
      target: { ...INITIAL, ...target },
      roll,
    },
  )
  await rig.consumers.start()
  return {
    rig,
    sqlconf: () => readFile(join(rig.dir, 'sqlconf.php'), 'utf8'),
    async rewrite(text) {
      await writeFile(join(rig.dir, 'restored'), text)
      await rename(join(rig.dir, 'restored'), join(rig.dir, 'sqlconf.php'))
    },
    async logsIn(login) {
      const secret = new Sensitive(login.password, 'password under test')
      const attempt = engine.connect({ username: login.username, password: secret })
      return await attempt.then((connection) => connection.close()).then(yes, no)
    },
    async [Symbol.asyncDispose]() {
      await rig.consumers.stop()
      await rig[Symbol.asyncDispose]()
    },
  }
}

const yes = (): boolean => true
const no = (): boolean => false

/** Like the source systems: the port is a text, and a fresh stack names no server. */
function documentOf(
  { slots, dbname, port }: RigEngine,
  { active, inOrder, passwords }: Required<Pick<SceneOptions, 'active' | 'inOrder' | 'passwords'>>,
): object {
  const slot = ({ username, password }: Credential): object =>
    inOrder
      ? { username, password: password.reveal(), host: 'localhost', port: `${port}`, dbname }
      : { username, password: passwords, host: 'pending-restore', port: '3306', dbname }
  return { active_slot: active, A: slot(slots.A), B: slot(slots.B), team: 'rig' }
}

/** What the server would have logged had a user been given the stand-in. */
export function standIns(): readonly string[] {
  return ['placeholder', nativeHash(new Sensitive('placeholder', 'stand-in'))]
}
