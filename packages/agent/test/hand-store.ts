import { SecretVersion } from '../src/store/secret-version.ts'
import { StoreFailure } from '../src/store/store-failure.ts'
import type { Description, Question, SecretStore } from '../src/store/store.ts'
import type { Clock } from '../src/surroundings.ts'

/** A request that a test answers when it likes. */
export interface AskedOfStore {
  readonly kind: 'read' | 'describe'
  readonly question: Question
  /** A read: with this version. */
  version(versionId: string): void
  /** A look: with the version that is AWSCURRENT. */
  current(versionId: string, isDeleted?: boolean): void
  fail(isTransient: boolean): void
}

/** A store that answers nothing by itself. */
export function handStore(): { readonly asked: AskedOfStore[]; readonly store: SecretStore } {
  const asked: AskedOfStore[] = []
  const ask = async <T>(
    kind: AskedOfStore['kind'],
    question: Question,
    make: (id: string, isDeleted: boolean) => T,
  ): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const answer = (id: string, isDeleted = false): void => resolve(make(id, isDeleted))
    const type = (isTransient: boolean): string => (isTransient ? 'TimeoutError' : 'Denied')
    asked.push({
      ...{ kind, question, version: answer, current: answer },
      fail: (isTransient) =>
        reject(new StoreFailure({ status: 400, type: type(isTransient), isTransient })),
    })
    return await promise
  }
  const described = (id: string, isDeleted: boolean): Description => ({
    stagesOf: new Map([[id, ['AWSCURRENT']]]),
    isDeleted,
  })
  return {
    asked,
    store: {
      read: (question) => ask('read', question, (versionId) => versionOf(versionId)),
      describe: (secretId) => ask('describe', { secretId }, described),
    },
  }
}

function versionOf(versionId: string): SecretVersion {
  return new SecretVersion({ versionId, text: `canary-${versionId}` })
}

/** A clock that stands until it is moved on. */
export function handClock(): Clock & { pass(ms: number): void } {
  let now = 0
  const timers = new Set<{ readonly at: number; readonly ring: () => void }>()
  return {
    now: () => now,
    startTimer: (ms, then) => {
      const timer = { at: now + ms, ring: then }
      timers.add(timer)
      return { cancel: () => void timers.delete(timer) }
    },
    pass: (ms) => {
      now += ms
      for (const timer of [...timers].filter(({ at }) => at <= now)) {
        timers.delete(timer)
        timer.ring()
      }
    },
  }
}
