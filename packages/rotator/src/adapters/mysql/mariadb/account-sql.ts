import { describeRequirement, renderLifetime, renderRequirement } from '../protocol/requirement.ts'
import { LIMIT_NAMES } from './accounts.ts'
import type { AccountEntry, Limits } from './accounts.ts'

/** `WITH MAX_… n …`, with every limit, so that nothing of before stays. */
export function renderLimits(limits: Limits): string {
  return `WITH ${LIMIT_NAMES.map((name) => `${name} ${limits[name]}`).join(' ')}`
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
