import { randomBytes, randomUUID } from 'node:crypto'
import { Sensitive } from '@cuedot/client/protocol'
import type { SecretStore } from '../../../rotator/src/ports/secret-store.ts'
import { soon } from './database-fixture.ts'

/** A store's place in the world, as the conformance suite needs it. */
export interface SecretStoreFixture extends AsyncDisposable {
  /** Makes a secret whose current version has this value. The name may be made part of a path. */
  create(name: string, value: Sensitive): Promise<void>
  /** The adapter under test; two of them on one name share nothing but the secret. */
  open(name: string): SecretStore
}

/** The ids of the labelled versions. */
export interface Labels {
  readonly current: string
  readonly pending?: string
  readonly previous?: string
}

/** What every test gets: a secret of its own. */
export interface Subject {
  readonly store: SecretStore
  /** Another adapter on the same secret. */
  readonly other: SecretStore
  readonly initial: Sensitive
  /** The id of the version that holds `initial`. */
  readonly first: string
  /** What labels are where, as a third adapter sees it. */
  labels(): Promise<Labels>
}

/** Makes a new secret, with this value. */
export type Arrange = (initial?: Sensitive) => Promise<Subject>

/** Makes a secret and opens it. */
export async function makeSubject(
  fixture: SecretStoreFixture,
  initial: Sensitive,
): Promise<Subject> {
  const name = `conformance-${randomUUID()}`
  await fixture.create(name, initial)
  const store = fixture.open(name)
  const witness = fixture.open(name)
  return {
    store,
    other: fixture.open(name),
    initial,
    first: (await store.read(soon())).current.id,
    async labels() {
      const { current, pending } = await witness.read(soon())
      const previous = await witness.version('AWSPREVIOUS', soon())
      return {
        current: current.id,
        ...(pending && { pending: pending.id }),
        ...(previous && { previous: previous.id }),
      }
    },
  }
}

/** A value that is found again wherever it leaks to. */
export function secret(): Sensitive {
  return new Sensitive(`canary-${randomBytes(12).toString('hex')}`, 'canary')
}

/** A token that nothing has used. */
export function token(): string {
  return randomUUID()
}
