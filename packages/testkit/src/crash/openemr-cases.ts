import type { OpenemrCase } from './cases.ts'
import { freshStack } from './openemr-fresh.ts'

/**
 * What passes between the command line and its secrets and database is what the other rows send
 * there, so that the wire is cut towards ECS and Kubernetes only: where something is changed, and
 * where a roll is judged.
 */
function strikes(fault: string, call: string): boolean {
  return fault === 'kill' || (WIRE.test(fault) && CHANGES.test(call))
}

const WIRE = /^platform-(request|answer)-lost$/
const CHANGES = /\.(write|roll|observe)$/

const common = {
  stores: ['fake'],
  engines: ['mariadb', 'mysql'],
  command: ['openemr'],
} as const

/** `cuedot openemr` over both platforms. */
export const OPENEMR_CASES: readonly OpenemrCase[] = [
  { ...common, name: 'openemr, ecs', platform: 'ecs', strikes },
  { ...common, name: 'openemr, eks', platform: 'eks', strikes },
  {
    ...common,
    name: 'openemr, ecs, first rotation',
    platform: 'ecs',
    arrange: freshStack,
    noStandby: true,
    strikes: (fault) => fault === 'kill',
  },
]
