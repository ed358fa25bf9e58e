import { createHash } from 'node:crypto'

/** What names a staged version: the rotation, the step and the version that it is made from. */
interface TokenParts {
  readonly rotationId: string
  readonly action: { readonly step: string; readonly slot: string }
  readonly currentId: string
  /** The pending version that it replaces, where it replaces one. */
  readonly pendingId: string | undefined
}

/**
 * The ClientRequestToken of a staged version: 36 characters in the form of a UUID.
 *
 * The same step on the same state gives the same token in every process, so a request whose answer
 * was lost cannot make a second version.
 */
export function versionToken({ rotationId, action, currentId, pendingId }: TokenParts): string {
  const text = [rotationId, action.step, action.slot, currentId, pendingId ?? ''].join('\n')
  const hex = createHash('sha256').update(text).digest('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return [...parts, hex.slice(20, 32)].join('-')
}
