/** One permission that whoever starts tasks by hand needs, and for what. */
export interface EcsOperatorIamAction {
  /** As written in a policy: `service:Action`. */
  readonly action: string
  /** One sentence. */
  readonly why: string
  /** What the statement's `Resource` names. */
  readonly resource:
    | 'the service'
    | 'the task definition'
    | 'tasks of the cluster'
    | 'both roles of the task definition'
    | '*'
}

/**
 * Everything that `cuedot openemr run` on ECS asks for; `docs/iam.md` is made from it and the tests
 * fail on a call of any other action. The task itself needs what its own role has.
 * @see Service Authorization Reference, "Actions, resources, and condition keys for Amazon Elastic
 *   Container Service": DescribeTaskDefinition takes no resource
 */
export const ecsOperatorIamActions: readonly EcsOperatorIamAction[] = [
  {
    action: 'ecs:DescribeTaskDefinition',
    why: 'Finds the container that runs cuedot, and where its log goes.',
    resource: '*',
  },
  {
    action: 'ecs:DescribeServices',
    why: 'Finds the subnets and security groups that the task is started with.',
    resource: 'the service',
  },
  { action: 'ecs:RunTask', why: 'Starts the task.', resource: 'the task definition' },
  {
    action: 'iam:PassRole',
    why: 'ECS demands it of whoever starts a task with roles; cuedot does not call it.',
    resource: 'both roles of the task definition',
  },
  {
    action: 'ecs:DescribeTasks',
    why: 'Sees how the task ends, and its exit code.',
    resource: 'tasks of the cluster',
  },
]
