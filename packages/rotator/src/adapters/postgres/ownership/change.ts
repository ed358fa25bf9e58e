import type { Call } from '../../../ports/call.ts'
import type { OwnershipPhase } from '../../../domain/adoption.ts'
import type { OwnershipChange } from '../../../ports/ownership.ts'
import type { Link } from '../link.ts'
import type { Role } from '../role.ts'

/** One database that holds something of the user, and a connection of the admin to it. */
export interface Place {
  readonly database: string
  readonly link: Link
}

/** Everything that the phases are computed from. */
export interface Scene {
  /** The first one is the target's own database. */
  readonly places: readonly Place[]
  /** The user whose things move. */
  readonly user: Role
  /** Name of the owner role. */
  readonly owner: string
  /** The owner role, once it is there. */
  readonly ownerRole: Role | undefined
  /** True when whoever logs in as the user works as the owner role already. */
  readonly acts: boolean
  /** Who is logged in: the admin. */
  readonly admin: Role
  /** `server_version_num`, as 180000. */
  readonly version: number
}

/** Statements that belong together: all of them happen or none. */
export interface Change {
  readonly phase: OwnershipPhase
  readonly place: Place
  readonly statements: readonly string[]
  /** What it does, or for one object of many: its kind and its name. */
  readonly what: string | { readonly kind: string; readonly name: string }
}

/** Computes the changes of one phase. */
export type Phase = (scene: Scene, call: Call) => Promise<readonly Change[]>

/** How many names are shown of many. */
const SHOWN = 3

/** One line for each change, but one line for all objects of one kind in one database. */
export function describeChanges(changes: readonly Change[], owner: string): OwnershipChange[] {
  const lines = new Map<string, { readonly phase: OwnershipPhase; readonly names: string[] }>()
  for (const { phase, place, what } of changes) {
    const key = typeof what === 'string' ? what : `${what.kind}\n${place.database}`
    const line = lines.get(key) ?? { phase, names: [] }
    if (typeof what !== 'string') line.names.push(what.name)
    lines.set(key, line)
  }
  return [...lines].map(([key, { phase, names }]) => {
    if (names.length === 0) return { phase, line: key }
    const [kind = '', database = ''] = key.split('\n')
    const more = names.length > SHOWN ? ', …' : ''
    const shown = names.slice(0, SHOWN).join(', ')
    const what = `${names.length} × ${kind} in database "${database}"`
    return { phase, line: `role "${owner}" owns ${what}: ${shown}${more}` }
  })
}
