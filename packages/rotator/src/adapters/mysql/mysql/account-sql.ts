import { describeRole, quoteRole } from '../protocol/privileges.ts'
import { describeRequirement, renderLifetime, renderRequirement } from '../protocol/requirement.ts'
import { LIMIT_NAMES } from './accounts.ts'
import type { AccountEntry, PasswordOptions, Role } from './accounts.ts'

/**
 * Everything that CREATE USER and ALTER USER say of an account besides its password, its lock and
 * its roles, complete: nothing of before stays.
 */
export function renderSettings({ requirement, limits, passwords }: AccountEntry): string {
  const resources = LIMIT_NAMES.map((name) => `${name} ${limits[name]}`).join(' ')
  const options = Object.values(renderPasswordOptions(passwords)).join(' ')
  return `${renderRequirement(requirement)} WITH ${resources} ${options}`
}

function renderPasswordOptions(options: PasswordOptions): Readonly<Record<string, string>> {
  const { lifetime, history, reuseDays, requireCurrent, failedLogins, lockDays } = options
  const current = requireCurrent < 0 ? ' DEFAULT' : requireCurrent === 0 ? ' OPTIONAL' : ''
  const lockTime = lockDays < 0 ? 'UNBOUNDED' : String(lockDays)
  return {
    lifetime: renderLifetime(lifetime),
    history: `PASSWORD HISTORY ${history < 0 ? 'DEFAULT' : history}`,
    reuse: `PASSWORD REUSE INTERVAL ${reuseDays < 0 ? 'DEFAULT' : `${reuseDays} DAY`}`,
    current: `PASSWORD REQUIRE CURRENT${current}`,
    failures: `FAILED_LOGIN_ATTEMPTS ${failedLogins} PASSWORD_LOCK_TIME ${lockTime}`,
  }
}

/** `NONE` or the roles, as SET DEFAULT ROLE takes them. */
export function renderDefaultRoles(roles: readonly Role[]): string {
  return roles.length === 0 ? 'NONE' : roles.map(quoteRole).join(', ')
}

/** What `entry` has otherwise than `reference`, as the reference has it, one line each. */
export function differingSettings(reference: AccountEntry, entry: AccountEntry): readonly string[] {
  const lines: string[] = []
  if (renderRequirement(reference.requirement) !== renderRequirement(entry.requirement))
    lines.push(describeRequirement(reference.requirement))
  for (const name of LIMIT_NAMES)
    if (reference.limits[name] !== entry.limits[name])
      lines.push(reference.limits[name] === 0 ? `no ${name}` : `${name} ${reference.limits[name]}`)
  const options = renderPasswordOptions(entry.passwords)
  for (const [name, text] of Object.entries(renderPasswordOptions(reference.passwords)))
    if (options[name] !== text) lines.push(text)
  if (renderDefaultRoles(reference.defaultRoles) !== renderDefaultRoles(entry.defaultRoles)) {
    const named = reference.defaultRoles.map(describeRole).join(', ')
    lines.push(named === '' ? 'no default role' : `default role ${named}`)
  }
  return lines
}
