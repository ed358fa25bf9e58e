import type { CredentialSource, Stage } from '../src/credentials/source.ts'
import type { Credential } from '../src/protocol/credential.ts'

/** A secret that a test writes, with versions that it names. */
export class HandVault {
  readonly #stages = new Map<Stage, { readonly versionId: string; readonly value: string }>()
  /** Stages that were asked for. */
  readonly asked: Stage[] = []
  /** While it is set, nobody is answered. */
  down = false

  readonly source: CredentialSource = async ({ stage }) => {
    this.asked.push(stage)
    const found = this.#stages.get(stage)
    if (this.down || found === undefined) throw new Error(`no answer for ${stage}`)
    return await Promise.resolve(found)
  }

  put(stage: Stage, versionId: string, credential: Credential): void {
    const { username, password, host, port, dbname } = credential
    const value = { username, password: password.reveal(), host, port, dbname }
    this.putText(stage, versionId, JSON.stringify(value))
  }

  putText(stage: Stage, versionId: string, value: string): void {
    this.#stages.set(stage, { versionId, value })
  }
}
