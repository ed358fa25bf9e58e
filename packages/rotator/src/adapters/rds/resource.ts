import { RotatorError } from '../../errors.ts'

/** What owns a managed secret. */
export interface RdsResource {
  readonly kind: 'instance' | 'cluster'
  /** DB instance or DB cluster identifier. */
  readonly id: string
}

/** For messages: `DB instance shop`. */
export function nameOf({ kind, id }: RdsResource): string {
  return `DB ${kind} ${id}`
}

/** `arn:aws:rds:eu-central-1:123456789012:db:shop`, or `:cluster:` for a cluster. */
const ARN = /^arn:[^:]+:rds:[^:]*:\d*:(db|cluster):(.+)$/

/**
 * What the tag of a managed secret names.
 * @throws ERR_OWNER_UNKNOWN when there is no tag, or one of another kind
 * @see Amazon RDS user guide, "Amazon Resource Names (ARNs) in Amazon RDS"
 */
export function resourceOf(secret: string, arn: string | undefined): RdsResource {
  const [, kind, id] = ARN.exec(arn ?? '') ?? []
  if (id !== undefined) return { kind: kind === 'db' ? 'instance' : 'cluster', id }
  const problem = 'the tags of the secret do not name an instance or a cluster'
  throw new RotatorError('ERR_OWNER_UNKNOWN', { owner: secret, problem })
}
