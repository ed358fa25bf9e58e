import type { CredentialSource, SourceAnswer, Stage } from '../../credentials/source.ts'
import { surroundings } from '../../credentials/surroundings.ts'
import { credentialsIn, failedToRetrieve } from './database-credentials.ts'
import type { DatabaseCredentials } from './database-credentials.ts'
import { StarlightError, wordsOf } from './errors.ts'

/** So many versions of one secret are remembered: more than have labels at once. */
const MOST_VERSIONS = 8

/** Longest wait for a source, in milliseconds. */
const LIMIT_MS = 10_000

/** One secret: what was read of it, and for how long that may be given out again. */
export class SecretReader {
  readonly #source: CredentialSource
  readonly #ttlMs: number
  readonly #byStage = new Map<Stage, { readonly at: number; readonly answer: SourceAnswer }>()
  readonly #byVersion = new Map<string, SourceAnswer>()

  constructor(source: CredentialSource, ttlMs: number) {
    this.#source = source
    this.#ttlMs = ttlMs
  }

  /** The secret itself; whatever it answers is what is given out from then on. */
  readonly source: CredentialSource = async (request) => {
    const answer = await this.#source(request)
    this.#byStage.set(request.stage, { at: surroundings.now(), answer })
    this.#byVersion.delete(answer.versionId)
    this.#byVersion.set(answer.versionId, answer)
    const [oldest] = this.#byVersion.keys()
    if (this.#byVersion.size > MOST_VERSIONS && oldest !== undefined) this.#byVersion.delete(oldest)
    return answer
  }

  /**
   * @param fresh - past every cache
   * @throws StarlightError
   */
  async read(stage: Stage, fresh: boolean): Promise<DatabaseCredentials> {
    const kept = this.#byStage.get(stage)
    if (!fresh && kept && surroundings.now() - kept.at < this.#ttlMs)
      return credentialsIn(kept.answer)
    const signal = AbortSignal.timeout(LIMIT_MS)
    const answer = await this.source({ stage, fresh, signal }).catch((error: unknown) => {
      const message = failedToRetrieve(wordsOf(error))
      throw new StarlightError('ERR_SECRET_READ', message, { cause: error })
    })
    return credentialsIn(answer)
  }

  /** A version that was read before. */
  version(versionId: string): DatabaseCredentials | undefined {
    const answer = this.#byVersion.get(versionId)
    return answer && credentialsIn(answer)
  }

  forget(): void {
    this.#byStage.clear()
  }
}
