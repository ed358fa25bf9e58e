import type { SecretCache } from '../cache/secret-cache.ts'
import type { FileSetting } from '../config/settings.ts'
import { errnoOf } from '../errors.ts'
import type { Log } from '../log/log.ts'
import { StoreFailure } from '../store/store-failure.ts'
import type { SecretVersion } from '../store/secret-version.ts'
import type { Question } from '../store/store.ts'
import type { Clock, Timer } from '../surroundings.ts'
import { removeLeftovers, replaceFile } from './replace-file.ts'

/** What files are kept, and how. */
export interface KeptFilesOptions {
  readonly files: readonly FileSetting[]
  /** How long until Secrets Manager is asked again, in milliseconds. */
  readonly refreshMs: number
  readonly clock: Clock
  readonly log: Log
}

/** Files that hold the current values of secrets. */
export class KeptFiles {
  readonly #options: KeptFilesOptions
  readonly #writers: readonly Writer[]
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: KeptFilesOptions) {
    this.#options = options
    this.#writers = options.files.map((file) => new Writer(file, options.log))
  }

  /** Is told of every newer answer; writes the files of that secret. */
  seen(question: Question, version: SecretVersion): void {
    if (question.versionId !== undefined || question.versionStage !== undefined) return
    for (const writer of this.#writers)
      if (writer.file.secretId === question.secretId) writer.want(version)
  }

  /** Asks for each secret now and from then on; a secret that cannot be had is asked for again. */
  start(cache: SecretCache): void {
    if (this.#isClosed || this.#writers.length === 0) return
    void this.#ask(cache).then(() => {
      if (this.#isClosed) return
      const { clock, refreshMs } = this.#options
      this.#timer = clock.startTimer(refreshMs, () => this.start(cache))
    })
  }

  /** Resolves when nothing is being written any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await Promise.all(this.#writers.map(async (writer) => await writer.close()))
  }

  async #ask(cache: SecretCache): Promise<void> {
    const secretIds = new Set(this.#writers.map(({ file }) => file.secretId))
    await Promise.all(
      [...secretIds].map(async (secretId) => {
        try {
          await cache.revalidate({ secretId })
        } catch (error) {
          const why = error instanceof StoreFailure ? error.message : 'InternalFailure'
          this.#options.log.error(`the files of ${JSON.stringify(secretId)} wait: ${why}`)
        }
      }),
    )
  }
}

/** Writes one file: one write at a time, and the newest version last. */
class Writer {
  readonly file: FileSetting
  readonly #log: Log
  #wanted: SecretVersion | undefined
  #writing: Promise<void> | undefined
  #isClosed = false

  constructor(file: FileSetting, log: Log) {
    this.file = file
    this.#log = log
  }

  want(version: SecretVersion): void {
    if (this.#isClosed) return
    this.#wanted = version
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#writing
  }

  async #write(): Promise<void> {
    const { path, format } = this.file
    await removeLeftovers(path)
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      try {
        const bytes = format === 'json' ? Buffer.from(next.body()) : next.content()
        if (await replaceFile(path, bytes)) this.#log.info(`wrote ${JSON.stringify(path)}`)
      } catch (error) {
        this.#log.error(`cannot write ${JSON.stringify(path)}: ${errnoOf(error)}`)
      }
    }
  }

  #take(): SecretVersion | undefined {
    const next = this.#wanted
    this.#wanted = undefined
    return next
  }
}
