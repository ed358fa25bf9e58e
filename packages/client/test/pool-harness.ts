import { readFile } from 'node:fs/promises'
import { vi } from 'vitest'
import { randomPassword } from '../../testkit/src/servers/postgres.ts'
import type { RigEngine, RootSession } from '../../testkit/src/rig/engine.ts'
import { createCredentials } from '../src/credentials/credentials.ts'
import type { Credentials } from '../src/credentials/credentials.ts'
import type { CredentialsOptions } from '../src/credentials/options.ts'
import type { SwapTrouble } from '../src/pool/rotating-pool.ts'
import type { Swap } from '../src/pool/succession.ts'
import type { Credential } from '../src/protocol/credential.ts'
import type { Sensitive } from '../src/protocol/sensitive.ts'
import { HandVault } from './hand-vault.ts'

/** Waits until an expectation holds: on a busy machine that may take a while. */
export async function soon(expectation: () => unknown): Promise<void> {
  await vi.waitFor(expectation, { timeout: 30_000 })
}

/** A connection that a test holds. */
export interface HeldConnection {
  user(): Promise<string>
  begin(): Promise<void>
  commit(): Promise<void>
  release(): void
  /** Instead of `release`: nobody uses it again. */
  close(): void
}

/** A pool, whatever its driver calls things. */
export interface TestPool {
  /** As whom a query runs. */
  user(): Promise<string>
  hold(): Promise<HeldConnection>
  onSwap(listener: (swap: Swap) => void): void
  onTrouble(listener: (trouble: SwapTrouble) => void): void
  end(): Promise<void>
}

/** What a test says of a pool. */
export interface TestPoolOptions {
  readonly credentials: Credentials
  readonly ca: string
  readonly max?: number
  readonly drainMs?: number
  readonly loginWaitMs?: number
  readonly probeMs?: number
}

/** A server and a driver. */
export interface PoolSubject {
  readonly name: string
  readonly start: () => Promise<RigEngine>
  readonly open: (options: TestPoolOptions) => TestPool
  /** Changes a password, as a superuser. */
  readonly setPassword: (root: RootSession, username: string, password: Sensitive) => Promise<void>
  /** Sessions of a user, as the names or versions that they give. */
  readonly sessions: (root: RootSession, username: string) => Promise<readonly string[]>
  /** Of one login that was refused, what the server's log has. */
  readonly refusedInLog: RegExp
  /** What the driver throws for it. */
  readonly refusal: Readonly<Record<string, unknown>>
}

/** A server with two users, and for each test a secret, credentials and pools. */
export class PoolHarness implements AsyncDisposable {
  readonly #subject: PoolSubject
  readonly engine: RigEngine
  readonly #ca: string
  root: RootSession
  vault: HandVault = new HandVault()
  /** Both users, with passwords that no test before has used; the secret begins with `a`. */
  a: Credential
  b: Credential
  #credentials: Credentials | undefined
  #pools: TestPool[] = []
  /** Of all pools of this test. */
  swaps: Swap[] = []

  private constructor(subject: PoolSubject, engine: RigEngine, ca: string, root: RootSession) {
    this.#subject = subject
    this.engine = engine
    this.#ca = ca
    this.root = root
    this.a = engine.slots.A
    this.b = engine.slots.B
  }

  static async start(subject: PoolSubject): Promise<PoolHarness> {
    const engine = await subject.start()
    const ca = await readFile(engine.caFile, 'utf8')
    return new PoolHarness(subject, engine, ca, await engine.root())
  }

  get credentials(): Credentials {
    if (this.#credentials === undefined) throw new Error('no test has begun')
    return this.#credentials
  }

  async begin(): Promise<void> {
    this.a = await this.fresh(this.engine.slots.A)
    this.b = await this.fresh(this.engine.slots.B)
    this.vault = new HandVault()
    this.swaps = []
    this.vault.put('AWSCURRENT', 'v1', this.a)
    this.readAnew({ pollMs: 0 })
  }

  async finish(): Promise<void> {
    this.credentials.close()
    await Promise.all(this.#pools.map((pool) => pool.end()))
    this.#pools = []
  }

  /** Other credentials of the same secret, that hold nothing yet. */
  readAnew(options: CredentialsOptions = {}): void {
    this.#credentials?.close()
    this.#credentials = createCredentials(this.vault.source, { cooldownMs: 0, ...options })
  }

  /** The user with a password that it has from now on. */
  async fresh(user: Credential): Promise<Credential> {
    const password = randomPassword(user.username)
    await this.setPassword({ ...user, password })
    return { ...user, password }
  }

  async setPassword({ username, password }: Credential): Promise<void> {
    await this.#subject.setPassword(this.root, username, password)
  }

  open(options: Partial<TestPoolOptions> = {}): TestPool {
    const { credentials } = this
    const pool = this.#subject.open({ credentials, ca: this.#ca, probeMs: 0, ...options })
    pool.onSwap((swap) => this.swaps.push(swap))
    this.#pools.push(pool)
    return pool
  }

  /** The secret has another version, and whoever reads it knows. */
  async publish(versionId: string, credential: Credential): Promise<void> {
    this.vault.put('AWSCURRENT', versionId, credential)
    await this.credentials.refresh()
  }

  async refusedLogins(): Promise<number> {
    return (await this.engine.log()).match(this.#subject.refusedInLog)?.length ?? 0
  }

  async sessionsOf({ username }: Credential): Promise<readonly string[]> {
    return await this.#subject.sessions(this.root, username)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.root[Symbol.asyncDispose]()
    await this.engine[Symbol.asyncDispose]()
  }
}
