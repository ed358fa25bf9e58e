import { quoteText } from '../protocol/sql.ts'
import { LIMIT_NAMES } from './accounts.ts'
import type { AccountEntry, Limits, Requirement } from './accounts.ts'

/** `REQUIRE …`, complete: it replaces whatever the account had. */
export function renderRequirement(requirement: Requirement): string {
  if (requirement.kind === 'none') return 'REQUIRE NONE'
  if (requirement.kind === 'tls') return 'REQUIRE SSL'
  if (requirement.kind === 'certificate') return 'REQUIRE X509'
  const named = namedParts(requirement).map(([word, text]) => `${word} ${quoteText(text)}`)
  return `REQUIRE ${named.join(' AND ')}`
}

/** `WITH MAX_… n …`, with every limit, so that nothing of before stays. */
export function renderLimits(limits: Limits): string {
  return `WITH ${LIMIT_NAMES.map((name) => `${name} ${limits[name]}`).join(' ')}`
}

/** `PASSWORD EXPIRE …`. */
export function renderLifetime(days: number): string {
  if (days < 0) return 'PASSWORD EXPIRE DEFAULT'
  return days === 0 ? 'PASSWORD EXPIRE NEVER' : `PASSWORD EXPIRE INTERVAL ${days} DAY`
}

/** What `entry` has otherwise than `reference`, as the reference has it, one line each. */
export function differingSettings(reference: AccountEntry, entry: AccountEntry): readonly string[] {
  const lines: string[] = []
  if (renderRequirement(reference.requirement) !== renderRequirement(entry.requirement))
    lines.push(describeRequirement(reference.requirement))
  for (const name of LIMIT_NAMES)
    if (reference.limits[name] !== entry.limits[name])
      lines.push(reference.limits[name] === 0 ? `no ${name}` : `${name} ${reference.limits[name]}`)
  if (reference.lifetimeDays !== entry.lifetimeDays)
    lines.push(renderLifetime(reference.lifetimeDays))
  if (reference.defaultRole !== entry.defaultRole)
    lines.push(
      reference.defaultRole === '' ? 'no default role' : `default role "${reference.defaultRole}"`,
    )
  return lines
}

function describeRequirement(requirement: Requirement): string {
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
