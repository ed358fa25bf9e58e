/**
 * Stands in for `compose.ts` in a gated process: everything that it exports, and targets and stores
 * whose external calls pass gates that the parent process watches.
 */
import {
  composeTarget as composeReal,
  openStore as openReal,
} from '../../../rotator/src/compose.ts'
import type { Composed } from '../../../rotator/src/compose.ts'
import type { SecretStore } from '../../../rotator/src/ports/secret-store.ts'
import type { Target } from '../../../rotator/src/ports/target.ts'
import { gatePort, gateTarget } from './gate.ts'
import { gate, plan } from './parent-gate.ts'

export * from '../../../rotator/src/compose.ts'

/** As in `compose.ts`. */
export async function composeTarget(...args: Parameters<typeof composeReal>): Promise<Composed> {
  const composed = await composeReal(...args)
  return { ...composed, target: gateTarget(withStaleness(composed.target), gate) }
}

/** As in `compose.ts`. */
export async function openStore(...args: Parameters<typeof openReal>): Promise<SecretStore> {
  return gatePort(await openReal(...args), 'opened', gate)
}

function withStaleness(target: Target): Target {
  const { staleReadMs } = plan
  if (staleReadMs === undefined) return target
  const store = says(target.store, staleReadMs)
  const admin = target.admin === target.store ? store : says(target.admin, staleReadMs)
  return { ...target, store, admin }
}

function says(store: SecretStore, staleReadMs: number): SecretStore {
  return { ...store, supports: { ...store.supports, staleReadMs } }
}
