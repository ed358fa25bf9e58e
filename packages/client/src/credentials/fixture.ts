import type { SourceAnswer, SourceRequest } from './source.ts'

/** A request that a test answers when it likes. */
export interface Asked {
  readonly request: SourceRequest
  answer(versionId: string, value?: string): void
  fail(error?: Error): void
}

/** The secret of one user; each version has a password of its own. */
export function secretOf(versionId: string): string {
  return JSON.stringify({ username: 'app', password: `canary-${versionId}`, host: 'db' })
}

/** A source that answers nothing by itself, and what it was asked. */
export function handSource(): {
  readonly asked: Asked[]
  readonly source: (request: SourceRequest) => Promise<SourceAnswer>
} {
  const asked: Asked[] = []
  const source = async (request: SourceRequest): Promise<SourceAnswer> => {
    const { promise, resolve, reject } = Promise.withResolvers<SourceAnswer>()
    asked.push({
      request,
      answer: (versionId, value = secretOf(versionId)) => resolve({ versionId, value }),
      fail: (error = new Error('the store is down')) => reject(error),
    })
    return await promise
  }
  return { asked, source }
}
