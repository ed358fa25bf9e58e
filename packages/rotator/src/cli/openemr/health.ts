import { composeSystem } from '../../compose.ts'
import { askPage } from '../../compose/drop-in.ts'

/** What both tools count as well: a page, or the way to the login. */
const WELL: ReadonlySet<number> = new Set([200, 301, 302])
const TIMEOUT_MS = 10_000

/**
 * Asks OpenEMR's page once when everything runs on the new credential. Whatever it says fails
 * nothing: the rollout has been judged already.
 *
 * @returns what to warn of; undefined when the page is well, or none is named
 */
export async function healthWarning(address: string | undefined): Promise<string | undefined> {
  if (address === undefined) return undefined
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) return unreachable('no http address')
  const { clock } = await composeSystem()
  const answer = await askPage(url, TIMEOUT_MS, { signal: clock.deadline(TIMEOUT_MS) })
  if (answer.kind === 'none') return unreachable(answer.reason)
  return WELL.has(answer.status)
    ? undefined
    : `WARNING: OpenEMR health probe returned status ${answer.status}`
}

function unreachable(reason: string): string {
  return `WARNING: OpenEMR health probe unreachable (${reason}); relying on the judged rollout`
}
