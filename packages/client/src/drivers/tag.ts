import type { HeldCredential } from '../credentials/credentials.ts'

/**
 * Names the password that a session has logged in with: what the document calls it, else the
 * version of the secret. No secret. The rotator reads it from sessions, to tell who has moved.
 */
export function versionTag({ credential, versionId }: HeldCredential): string {
  return credential.version ?? versionId
}
