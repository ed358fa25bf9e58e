/**
 * The methods of the ports that change nothing outside of the process. Every other one that is
 * given a `Call` is a write, so that a method that is new counts as one until it stands here.
 */
export const READS: ReadonlySet<string> = new Set([
  'SecretStore.read',
  'SecretStore.version',
  'SecretStore.owner',
  'Database.login',
  'AdminSession.hasSecondPassword',
  'AdminSession.compareUsers',
  'AdminSession.sessions',
  'AdminSession.loginCount',
  'AdminSession.lockedLogins',
  'AdminSession.blocksAfterRefusals',
  'AdminSession.expiry',
  'AdminSession.describeOwnership',
  'ConfigTarget.inspect',
  'ConfigTarget.read',
  'CredentialOwner.state',
  'Runtime.observe',
  'Runtime.health',
  'Runtime.inspect',
])

const READ_METHODS: ReadonlySet<string> = new Set(
  [...READS].map((name) => name.split('.')[1] ?? ''),
)

/** True for a call at a gate that may change something; the end of a session does not. */
export function isWrite(call: string): boolean {
  const method = call.split('.').at(-1) ?? ''
  return method !== 'end' && !READ_METHODS.has(method)
}
