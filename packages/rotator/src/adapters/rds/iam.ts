/** One permission that the adapter needs, and for what. */
export interface RdsIamAction {
  /** As written in a policy: `service:Action`. */
  readonly action: string
  /** One sentence. */
  readonly why: string
  /** What the statement's `Resource` names. */
  readonly resource: 'the DB instance' | 'the DB cluster' | 'the secret'
}

/**
 * Everything that the RDS adapter ever asks AWS for; `docs/iam.md` is made from it and the tests
 * fail on a call of any other action. An instance needs the first two, a cluster the next two. A
 * rotation function only describes.
 * @see Amazon RDS user guide, "Password management with Amazon RDS and AWS Secrets Manager",
 *   "Permissions required for Secrets Manager integration": who rotates needs RotateSecret
 */
export const rdsIamActions: readonly RdsIamAction[] = [
  {
    action: 'rds:DescribeDBInstances',
    why:
      'Reads whether the managed secret of an instance is being rotated; for a rotation ' +
      'function, the host of an instance and what it is a replica of.',
    resource: 'the DB instance',
  },
  {
    action: 'rds:ModifyDBInstance',
    why: 'Asks for a rotation (RotateMasterUserPassword), and for nothing else.',
    resource: 'the DB instance',
  },
  {
    action: 'rds:DescribeDBClusters',
    why:
      'Reads whether the managed secret of a cluster is being rotated; for a rotation function, ' +
      'the hosts of a cluster.',
    resource: 'the DB cluster',
  },
  {
    action: 'rds:ModifyDBCluster',
    why: 'Asks for a rotation (RotateMasterUserPassword), and for nothing else.',
    resource: 'the DB cluster',
  },
  {
    action: 'secretsmanager:RotateSecret',
    why: 'RDS demands it of whoever asks for a rotation; cuedot does not call it.',
    resource: 'the secret',
  },
]
