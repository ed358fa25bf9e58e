import { RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { UserComparison } from '../../ports/database.ts'
import { aclFacts } from './acl.ts'
import { mappingFacts, ownershipFacts, policyFacts } from './bound.ts'
import { missing } from './fact.ts'
import type { Fact } from './fact.ts'
import type { Link } from './link.ts'
import { membershipFacts, missingAttributes, readRole } from './role.ts'
import type { Role } from './role.ts'
import { settingFacts } from './settings.ts'

/** The user to be like, and the user that should be able to replace it. */
export interface Pair {
  readonly reference: string
  readonly username: string
}

/**
 * Compares two roles by what the catalogs say about them. A role that cannot log in and lacks
 * something is `partial`: whether it ever had a password only a superuser could see.
 * @throws ERR_DB_UNSUPPORTED when there is no reference
 */
export async function compare(link: Link, pair: Pair, call: Call): Promise<UserComparison> {
  const reference = await referenceRole(link, pair.reference, call)
  const role = await readRole(link, pair.username, call)
  if (!role) return { state: 'absent', lacks: [] }
  const lacks = (await lackingFacts(link, { reference, role }, call)).map(({ line }) => line)
  if (lacks.length === 0) return { state: 'equal', lacks }
  return { state: role.canLogin ? 'differs' : 'partial', lacks }
}

/** @throws ERR_DB_UNSUPPORTED when there is no such role */
export async function referenceRole(link: Link, name: string, call: Call): Promise<Role> {
  const role = await readRole(link, name, call)
  if (role) return role
  const problem = `there is no role "${name}" to compare with`
  throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: link.endpoint, problem })
}

/**
 * What `role` lacks of what `reference` has, in the order in which it can be given: a membership
 * before its options, a privilege before its grant option. What the reference has by its own name
 * counts; `role` may have it through PUBLIC or through a role that it inherits.
 */
export async function lackingFacts(
  link: Link,
  { reference, role }: { readonly reference: Role; readonly role: Role },
  call: Call,
): Promise<readonly Fact[]> {
  if (reference.oid === role.oid) return []
  const attributes = missingAttributes(reference, role)
  const ownerships = await ownershipFacts(link, reference, call)
  const bound = async (whose: Role, grants: 'own' | 'effective'): Promise<readonly Fact[]> => [
    ...(await membershipFacts(link, whose, call)),
    ...(await settingFacts(link, whose, call)),
    ...(await aclFacts(link, { oid: whose.oid, grants }, call)),
    ...(await policyFacts(link, { oid: whose.oid, grants }, call)),
    ...(await mappingFacts(link, { oid: whose.oid, grants }, call)),
  ]
  const wanted = await bound(reference, 'own')
  const had = await bound(role, 'effective')
  return [...ownerships, ...attributes, ...missing(wanted, had)]
}
