import { execFile } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, copyFile, cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import type { TestTls } from './tls.ts'

const run = promisify(execFile)

/**
 * Makes `folder` once for this machine, by letting `make` fill a new one. Another process that does
 * the same at the same time is not in the way: the first to rename wins.
 */
export async function makeOnce(
  folder: string,
  make: (fresh: string) => Promise<void>,
): Promise<string> {
  if (existsSync(folder)) return folder
  const fresh = await mkdtemp(`${folder}-`)
  await chmod(fresh, 0o755)
  try {
    await make(join(fresh, 'made'))
    await rename(join(fresh, 'made'), folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  return folder
}

/** Makes the folder of the data before anything is in it; undone before it is removed. */
export type MountData = (folder: string) => Promise<AsyncDisposable>

/** A folder of one server. */
export interface DataFolder {
  readonly dir: string
  remove(): Promise<void>
}

/** A fresh folder with a copy of the data directory in `data`, and the certificates in `tls`. */
export async function cloneData(
  golden: string,
  options: {
    readonly tls: TestTls | undefined
    readonly account: string | undefined
    readonly mount?: MountData | undefined
  },
): Promise<DataFolder> {
  const { tls, account, mount } = options
  await using making = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-data-'))
  making.defer(() => rm(dir, { recursive: true, force: true }))
  if (mount) making.use(await mount(join(dir, 'data')))
  await cp(golden, join(dir, 'data'), { recursive: true })
  if (tls !== undefined) {
    await mkdir(join(dir, 'tls'))
    for (const file of [tls.caFile, tls.certFile, tls.keyFile])
      await copyFile(file, join(dir, 'tls', basename(file)))
  }
  if (account !== undefined) await run('chown', ['-R', account, dir])
  const made = making.move()
  return { dir, remove: () => made.disposeAsync() }
}

/** MySQL's own X protocol is ready before the server is; the line with a port is the last. */
const READY = /ready for connections\b[^]*?\bport: [1-9]/

/** A server that has died by itself is started again so often, as its unit of systemd would. */
const MOST_DEATHS = 3

/** A server that can be started again on what its data directory holds. */
export class RestartableServer {
  readonly #start: (first: boolean) => ChildProcess
  readonly #name: string
  #running: RunningServer
  #before = ''
  #deaths = 0
  /** Somebody is ending it. */
  #isEnding = false

  private constructor(start: (first: boolean) => ChildProcess, name: string) {
    this.#start = start
    this.#name = name
    this.#running = new RunningServer(start(true), name)
  }

  /** @param start - starts the process; told whether it is the first time */
  static async start(
    start: (first: boolean) => ChildProcess,
    name: string,
  ): Promise<RestartableServer> {
    const server = new RestartableServer(start, name)
    await server.#running.ready()
    server.#revive(server.#running)
    return server
  }

  /** MariaDB 10.11 has been seen to crash of itself, which is nothing that a test is about. */
  #revive(running: RunningServer): void {
    void running.ended.then(() => {
      if (this.#isEnding || running !== this.#running || ++this.#deaths > MOST_DEATHS) return
      console.warn(`${this.#name} died by itself, and is started again:\n${running.lastWords}`)
      this.#before = this.errorLog
      this.#running = new RunningServer(this.#start(false), this.#name)
      this.#running.ready().catch(() => undefined)
      this.#revive(this.#running)
    })
  }

  get pid(): number {
    return this.#running.pid
  }

  get errorLog(): string {
    return this.#before + this.#running.errorLog
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#isEnding = true
    await this.#running.end(signal)
  }

  /** Kills it, where it still runs, and starts it again. */
  async restart(): Promise<void> {
    await this.end('SIGKILL')
    this.#before = this.errorLog
    this.#running = new RunningServer(this.#start(false), this.#name)
    this.#isEnding = false
    this.#revive(this.#running)
    await this.#running.ready()
  }
}

/** The process of a server: knows when it is ready and when it has ended. */
class RunningServer {
  errorLog = ''
  readonly #child: ChildProcess
  readonly #name: string
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>

  constructor(child: ChildProcess, name: string) {
    this.#child = child
    this.#name = name
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    const kill = (): void => void child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('error', () => resolve())
    child.once('exit', () => {
      process.off('exit', kill)
      resolve()
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The end of its error log. */
  get lastWords(): string {
    return this.errorLog.slice(-2000)
  }

  /** The server says on stderr when it is ready; it has no other signal. */
  async ready(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.errorLog += chunk
      if (READY.test(this.errorLog)) resolve()
    })
    void this.ended.then(() => reject(new Error(`${this.#name} did not start:\n${this.lastWords}`)))
    await promise
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#child.kill(signal)
    await this.ended
  }
}
