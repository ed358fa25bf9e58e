import { quoteText } from './sql.ts'

/** What a login must bring besides the password. Empty texts mean that it does not matter. */
export interface Requirement {
  readonly kind: 'none' | 'tls' | 'certificate' | 'named certificate'
  readonly cipher: string
  readonly issuer: string
  readonly subject: string
}

/** `REQUIRE …`, complete: it replaces whatever the account had. */
export function renderRequirement(requirement: Requirement): string {
  if (requirement.kind === 'none') return 'REQUIRE NONE'
  if (requirement.kind === 'tls') return 'REQUIRE SSL'
  if (requirement.kind === 'certificate') return 'REQUIRE X509'
  const named = namedParts(requirement).map(([word, text]) => `${word} ${quoteText(text)}`)
  return `REQUIRE ${named.join(' AND ')}`
}

/** The same in words. */
export function describeRequirement(requirement: Requirement): string {
  if (requirement.kind === 'none') return 'requires no TLS'
  if (requirement.kind === 'tls') return 'requires TLS'
  if (requirement.kind === 'certificate') return 'requires a client certificate'
  const named = namedParts(requirement).map(([word, text]) => `${word.toLowerCase()} "${text}"`)
  return `requires a client certificate with ${named.join(' and ')}`
}

function namedParts({ issuer, subject, cipher }: Requirement): readonly [string, string][] {
  const parts: readonly [string, string][] = [
    ['ISSUER', issuer],
    ['SUBJECT', subject],
    ['CIPHER', cipher],
  ]
  return parts.filter(([, text]) => text !== '')
}

/** `PASSWORD EXPIRE …`. Days; 0: never; -1: as the server's default says. */
export function renderLifetime(days: number): string {
  if (days < 0) return 'PASSWORD EXPIRE DEFAULT'
  return days === 0 ? 'PASSWORD EXPIRE NEVER' : `PASSWORD EXPIRE INTERVAL ${days} DAY`
}
