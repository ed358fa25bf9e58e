import type { Arrange } from './arrange.ts'

/**
 * The rotation that a run asks RDS for goes on once RDS was asked how far it is, so that every run
 * sees one under way, and all of them look equally often.
 */
export const paceOwner: Arrange = async ({ owner }) => {
  if (owner === undefined) throw new Error('nobody owns the credential')
  const { fake } = owner
  const { rotation } = fake
  let over = false
  rotation.holdAt('begun')
  const pace = async (): Promise<void> => {
    await rotation.reached('begun', rotation.count + 1)
    const looks = fake.log.filter((action) => action.startsWith('Describe')).length
    await fake.lookedAt(looks + 1)
    if (!over) rotation.release()
  }
  void pace()
  return {
    broken: async () => [],
    async [Symbol.asyncDispose]() {
      over = true
    },
  }
}
