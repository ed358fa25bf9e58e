import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { parseEnv } from 'node:util'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import type { ConsumerConnection, RigEngine } from './engine.ts'

/** What a consumer logs in with. */
export type Login = Pick<Credential, 'username' | 'password' | 'version'>

type ReadConfig = () => Promise<Login>

/** How often each consumer opens a connection of its own. */
const PACE_MS = 120

/**
 * An application as it is: workers that hold the credential they booted with, each with a pooled
 * connection, and a client that reads the config file for every connection. Every refused login and
 * every failed statement is kept.
 */
export class Consumers {
  readonly #engine: RigEngine
  readonly #read: ReadConfig
  readonly #failures: string[] = []
  readonly #workers: Worker[] = []
  #stopped = false
  #attempts = 0
  #loops: Promise<void>[] = []

  readonly #paceMs: number

  /**
   * @param config - the .env file that they read, or what reads another file
   * @param paceMs - how long each waits before it opens its next connection
   */
  constructor(engine: RigEngine, config: string | ReadConfig, paceMs: number = PACE_MS) {
    this.#engine = engine
    this.#read = typeof config === 'string' ? () => readLogin(config) : config
    this.#paceMs = paceMs
  }

  get attempts(): number {
    return this.#attempts
  }

  get failures(): readonly string[] {
    return this.#failures
  }

  /** Starts them, or starts them anew after a `stop`. */
  async start(): Promise<void> {
    this.#stopped = false
    for (let n = 0; n < 2; n++) this.#workers.push(await this.#boot())
    this.#loops = [this.#loop(() => this.#readsTheFile()), this.#loop(() => this.#worksOn())]
  }

  /** A rolling restart: each worker in turn is replaced by one that has read the file again. */
  async roll(): Promise<void> {
    for (const [index, old] of this.#workers.entries()) {
      this.#workers[index] = await this.#boot()
      await old.busy
      await old.pooled.close()
    }
  }

  /** The users that the workers hold. */
  held(): readonly string[] {
    return this.#workers.map(({ login }) => login.username)
  }

  /** What the workers hold and what the file says: each has to log in now. */
  async logins(): Promise<readonly Login[]> {
    return [...this.#workers.map(({ login }) => login), await this.#read()]
  }

  /** Has every pooled session work once, now. */
  async work(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => this.#worksPooled(worker)))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#loops)
    await Promise.all(this.#workers.splice(0).map(({ pooled }) => pooled.close()))
  }

  async #boot(): Promise<Worker> {
    const login = await this.#read()
    return { login, pooled: await this.#engine.connect(login), busy: Promise.resolve() }
  }

  async #loop(turn: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      await turn()
      await pause(this.#paceMs)
    }
  }

  async #readsTheFile(): Promise<void> {
    const login = await this.#read()
    await this.#try(`a client of the file as ${login.username}`, () => this.#connectOnce(login))
  }

  /** Each worker uses its pooled connection and opens another with what it holds. */
  async #worksOn(): Promise<void> {
    for (const worker of [...this.#workers]) {
      if (!this.#workers.includes(worker)) continue
      worker.busy = this.#turnOf(worker)
      await worker.busy
    }
  }

  async #turnOf({ login, pooled }: Worker): Promise<void> {
    await this.#try(`a worker as ${login.username}`, () => this.#connectOnce(login))
    await this.#try(`a pooled session as ${login.username}`, () => pooled.work())
  }

  async #worksPooled(worker: Worker): Promise<void> {
    const { login, pooled } = worker
    worker.busy = Promise.all([
      worker.busy,
      this.#try(`a pooled session as ${login.username}`, () => pooled.work()),
    ]).then(() => undefined)
    await worker.busy
  }

  async #connectOnce(login: Login): Promise<void> {
    const connection = await this.#engine.connect(login)
    await connection.work()
    await connection.close()
  }

  async #try(who: string, work: () => Promise<void>): Promise<void> {
    this.#attempts += 1
    try {
      await work()
    } catch (error) {
      if (!this.#stopped)
        this.#failures.push(`${who}: ${error instanceof Error ? error.message : 'failed'}`)
    }
  }
}

interface Worker {
  readonly login: Login
  readonly pooled: ConsumerConnection
  /** Resolves when it has nothing in hand: a worker that is replaced ends its turn before. */
  busy: Promise<void>
}

/** What a consumer finds in the file. */
async function readLogin(envFile: string): Promise<Login> {
  const found = parseEnv(await readFile(envFile, 'utf8'))
  const { DB_USER = '', DB_PASSWORD = '', DB_CRED_VERSION: version } = found
  const password = new Sensitive(DB_PASSWORD, 'password in the file')
  return { username: DB_USER, password, ...(version !== undefined && { version }) }
}
