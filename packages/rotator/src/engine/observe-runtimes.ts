import type { ConfigFacts, RuntimeFacts } from '../domain/observed.ts'
import type { Desk } from './desk.ts'
import { notedRolls } from './documents/roll-notes.ts'
import type { SlotDocuments } from './documents/slot-documents.ts'

/**
 * How far each runtime has come in picking up the active slot; only a flip makes a roll due. Rolls
 * that an earlier process has noted are known again unless something has to be published anew.
 */
export async function observeRuntimes(
  desk: Desk,
  documents: SlotDocuments,
  configs: readonly ConfigFacts[],
): Promise<readonly RuntimeFacts[]> {
  const { rotation, active } = documents.facts()
  const flipped = rotation && (rotation.backOut !== undefined || rotation.to === active)
  const token = documents.rollToken()
  const noted = configs.every(({ holds }) => holds === active) ? notedRolls(documents) : {}
  const facts: RuntimeFacts[] = []
  for (const runtime of desk.target.runtimes) {
    const { id } = runtime
    const givenUp = desk.evidence.givenUp.get(`${id} ${token}`)
    if (!flipped) facts.push({ id, roll: 'done' })
    else if (givenUp !== undefined) facts.push({ id, roll: 'failed', why: givenUp })
    else {
      const receipt = noted[id]
      if (receipt !== undefined) runtime.recall?.(token, receipt)
      const { state, why } = await runtime.observe(token, desk.call())
      facts.push({ id, roll: state, ...(why !== undefined && { why }) })
    }
  }
  return facts
}
