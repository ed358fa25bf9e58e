import { storeIdentity } from './store.ts'
import type { Config, SingleUserConfig } from './types.ts'

/** A configuration in which the admin of a target is a target, and what that is called. */
export interface AdminTarget {
  readonly name: string
  readonly config: Config
}

/**
 * The target of the admin that this target works with: the one in the configuration that has the
 * same secret; where there is none, one made from what the target says of its admin.
 *
 * @returns undefined for a target that is its own admin.
 */
export function adminTargetOf(name: string, config: Config): AdminTarget | undefined {
  const target = config.targets[name]
  if (target === undefined || !('admin' in target)) return undefined
  const { store } = target.admin
  const known = Object.entries(config.targets).find(
    ([other, candidate]) =>
      other !== name && storeIdentity(candidate.store) === storeIdentity(store),
  )
  if (known) return { name: known[0], config }
  const { database, proveLimitMs, callLimitMs, evictAfterMs, password } = target
  const limits = { proveLimitMs, callLimitMs, evictAfterMs }
  const admin: SingleUserConfig = { strategy: 'single-user', store, database, ...limits, password }
  const own = `${name}.admin`
  return { name: own, config: { ...config, targets: { ...config.targets, [own]: admin } } }
}
