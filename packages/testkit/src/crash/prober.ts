import { open as openFile, readFile, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Sensitive } from '@cuedot/client/protocol'
import type { Login } from '../rig/consumers.ts'
import { activeOf, current, openRotations, read, standInsOf, unfinished } from './documents.ts'
import type { Plain, Read } from './documents.ts'
import type { World } from './world.ts'

/** Passwords of one user that no version with a label holds any more: so many are tried. */
const FORMER = 3

/**
 * Checks the invariants of docs/guarantees.md from outside, with what consumers hold, what the
 * store holds and what the server and the command line have written. Keeps what it has seen.
 */
export class Prober {
  readonly #world: World
  /** Every password that was ever in a version with a label, by its user. */
  readonly #ever = new Map<string, string[]>()
  /** Every stand-in that was ever there, by its user and itself. */
  readonly #standIns = new Map<string, Plain>()
  #failuresSeen = 0
  #logRead = 0

  constructor(world: World) {
    this.#world = world
  }

  /** What is broken now, whatever has just been struck; empty when all is well. */
  async broken(): Promise<readonly string[]> {
    await this.#ownerAtRest()
    return await this.#broken(this.#world.row.noStandby === true)
  }

  /** @param lax - a user that is not active may be unable to log in */
  async #broken(lax: boolean): Promise<readonly string[]> {
    const documents = await this.#documents()
    const logins = new Logins(this.#world)
    const found = await Promise.all([
      this.#consumers(logins),
      knownLogins(documents, logins, lax),
      activeLogsIn(documents, logins),
      this.#standInsRefused(logins),
      this.#silent(),
    ])
    return [...found.flat(), ...openRotations(documents)]
  }

  /** What is broken when a run has ended well: all of the above, and anything unfinished. */
  async unsettled(): Promise<readonly string[]> {
    await this.#ownerAtRest()
    const documents = await this.#documents()
    const logins = new Logins(this.#world)
    return [
      ...(await this.#broken(false)),
      ...unfinished(documents),
      ...(await this.#onActive(documents)),
      ...(await this.#formerDead(documents, logins)),
      ...(await leftovers(this.#world.confFile)),
    ]
  }

  /** The user that nobody is meant to use now. */
  async standby(): Promise<string> {
    const documents = await this.#documents()
    const active = activeOf(documents)?.username
    const { credentials } = current(documents, 'slots')
    const [standby] = credentials.filter(({ username }) => username !== active)
    if (standby === undefined) throw new Error('no slot stands by')
    return standby.username
  }

  /** What an owner has begun it finishes, whoever is dead; meanwhile nothing can be compared. */
  async #ownerAtRest(): Promise<void> {
    await this.#world.owner?.fake.rotation.settled()
  }

  async #documents(): Promise<readonly Read[]> {
    const documents = (await this.#world.secrets.labelled()).map(read)
    for (const { username, password } of documents.flatMap(({ credentials }) => credentials)) {
      const known = this.#ever.get(username) ?? []
      if (!known.includes(password)) this.#ever.set(username, [...known, password])
    }
    for (const plain of standInsOf(documents))
      this.#standIns.set(`${plain.username}\n${plain.password}`, plain)
    return documents
  }

  /** I2: what everybody can read in a deployment script is nobody's password. */
  async #standInsRefused(logins: Logins): Promise<readonly string[]> {
    const tried = [...this.#standIns.values()].map(async (plain) =>
      (await logins.acceptsText(plain)) ? [`I2 a stand-in of ${plain.username} logs in`] : [],
    )
    return (await Promise.all(tried)).flat()
  }

  /** I1: nobody was refused or cut off, and nobody is. */
  async #consumers(logins: Logins): Promise<readonly string[]> {
    const { consumers } = this.#world
    await consumers.work()
    const held = await consumers.logins()
    const refused = await Promise.all(
      held.map(async (login) =>
        (await logins.accepts(login))
          ? []
          : [`I1 what a consumer holds as ${login.username} fails`],
      ),
    )
    const { failures } = consumers
    const fresh = failures.slice(this.#failuresSeen).map((failure) => `I1 ${failure}`)
    this.#failuresSeen = failures.length
    return [...fresh, ...refused.flat()]
  }

  /** I6: no password in what was printed, in the server's log, or in a file that is no config. */
  async #silent(): Promise<readonly string[]> {
    const { said, dir, confFile } = this.#world
    const texts = [
      ['output', said.splice(0).join('\n')],
      ["the server's log", await this.#newLog()],
      ...(await filesIn(dir, confFile)),
    ] as const
    const passwords = [...this.#ever.values()].flat()
    return texts.flatMap(([where, text]) =>
      passwords.some((password) => text.includes(password)) ? [`I6 a password is in ${where}`] : [],
    )
  }

  async #newLog(): Promise<string> {
    const file = await openFile(this.#world.engine.logFile)
    try {
      const { size } = await file.stat()
      const bytes = Buffer.alloc(size - this.#logRead)
      await file.read(bytes, 0, bytes.length, this.#logRead)
      this.#logRead = size
      return bytes.toString('latin1')
    } finally {
      await file.close()
    }
  }

  async #onActive(documents: readonly Read[]): Promise<readonly string[]> {
    const active = activeOf(documents)
    const held = await this.#world.consumers.logins()
    return held
      .filter(({ username }) => active !== undefined && username !== active.username)
      .map(({ username }) => `I5 a consumer is still on ${username}`)
  }

  /** What was replaced is worthless: a rotation makes whatever leaked before it dead. */
  async #formerDead(documents: readonly Read[], logins: Logins): Promise<readonly string[]> {
    const labelled = new Set(
      documents
        .filter(({ label }) => label !== 'AWSPREVIOUS')
        .flatMap(({ credentials }) => credentials.map(({ password }) => password)),
    )
    const former = [...this.#ever].flatMap(([username, passwords]) =>
      passwords
        .filter((password) => !labelled.has(password))
        .slice(-FORMER)
        .map((password) => ({ username, password })),
    )
    const alive = await Promise.all(
      former.map(async (login) =>
        (await logins.acceptsText(login))
          ? [`I2 a former password of ${login.username} works`]
          : [],
      ),
    )
    return alive.flat()
  }
}

/** Asks the server once for each credential of one look. */
class Logins {
  readonly #world: World
  readonly #answers = new Map<string, Promise<boolean>>()

  constructor(world: World) {
    this.#world = world
  }

  accepts(login: Login): Promise<boolean> {
    const key = `${login.username}\n${login.password.reveal()}`
    const answer = this.#answers.get(key) ?? this.#ask(login)
    this.#answers.set(key, answer)
    return answer
  }

  acceptsText({ username, password }: Plain): Promise<boolean> {
    return this.accepts({ username, password: new Sensitive(password, 'password under test') })
  }

  async #ask(login: Login): Promise<boolean> {
    try {
      const connection = await this.#world.engine.connect(login)
      await connection.close()
      return true
    } catch {
      return false
    }
  }
}

/**
 * I2: what the database accepts for a user stands in AWSCURRENT or AWSPENDING.
 *
 * @param lax - a user that is neither active nor an admin may be without a login
 */
async function knownLogins(
  documents: readonly Read[],
  logins: Logins,
  lax: boolean,
): Promise<readonly string[]> {
  const counted = documents.filter(({ label }) => label !== 'AWSPREVIOUS')
  const all = counted.flatMap(({ credentials }) => credentials)
  const admins = current(documents, 'admin').credentials
  const needed = [...admins, activeOf(documents)].map((plain) => plain?.username)
  const users = [...new Set(all.map(({ username }) => username))].filter(
    (user) => !lax || needed.includes(user),
  )
  const found = await Promise.all(
    users.map(async (user) => {
      const known = all.filter(({ username }) => username === user)
      const answers = await Promise.all(known.map((plain) => logins.acceptsText(plain)))
      return answers.includes(true) ? [] : [`I2 no stored password of ${user} logs in`]
    }),
  )
  return found.flat()
}

/** I3: what AWSCURRENT names as active logs in. */
async function activeLogsIn(
  documents: readonly Read[],
  logins: Logins,
): Promise<readonly string[]> {
  const active = activeOf(documents)
  if (active === undefined) return ['I3 AWSCURRENT names no active slot']
  return (await logins.acceptsText(active)) ? [] : ['I3 the active slot does not log in']
}

/** I5: nothing lies beside the config target that a killed or failed run has left there. */
async function leftovers(confFile: string): Promise<readonly string[]> {
  const expected = new Set([basename(confFile), 'slots.cuedot', 'admin.cuedot'])
  return (await readdir(dirname(confFile)))
    .filter((name) => !expected.has(name))
    .map((name) => `I5 ${name} was left beside the config target`)
}

/** The files of a world with what is in them, but for the config target, which has a password. */
async function filesIn(
  dir: string,
  confFile: string,
): Promise<readonly (readonly [string, string])[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter(
    (entry) => entry.isFile() && join(entry.parentPath, entry.name) !== confFile,
  )
  return await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const text = await readFile(join(parentPath, name), 'latin1').catch(() => '')
      return [`the file ${name}`, text] as const
    }),
  )
}
