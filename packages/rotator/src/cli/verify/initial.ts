import type { Credential } from '@cuedot/client/protocol'
import type { Desk } from '../../engine/desk.ts'
import { SlotDocuments } from '../../engine/documents/slot-documents.ts'
import { observeConfigs } from '../../engine/observe-configs.ts'

/**
 * The login that consumers have today, where that is the initial user's and the active slot does
 * not log in; undefined where a slot's login is to be expected.
 */
export async function loginBeforeFirst(desk: Desk): Promise<Credential | undefined> {
  const { documents, target } = desk
  if (target.initial === undefined || !(documents instanceof SlotDocuments)) return undefined
  await desk.session()
  if (typeof (await desk.reference()) === 'string') return undefined
  const configs = await observeConfigs(desk, documents)
  return configs.some(({ holds }) => holds === 'initial') ? desk.initialLogin : undefined
}
