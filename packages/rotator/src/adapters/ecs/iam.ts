/** One permission that the adapter needs, and for what. */
export interface EcsIamAction {
  /** As written in a policy: `service:Action`. */
  readonly action: string
  /** One sentence. */
  readonly why: string
  /** What the statement's `Resource` names. */
  readonly resource: 'the service'
}

/**
 * Everything the ECS runtime ever asks AWS for; `docs/iam.md` is made from it and the tests fail on
 * a call of any other action. No task definition is registered, so `iam:PassRole` is not needed.
 * @see Service Authorization Reference, "Actions, resources, and condition keys for Amazon Elastic
 *   Container Service": both actions take the resource type `service`
 */
export const ecsIamActions: readonly EcsIamAction[] = [
  {
    action: 'ecs:UpdateService',
    why: 'Starts a deployment of the same task definition (forceNewDeployment), and nothing else.',
    resource: 'the service',
  },
  {
    action: 'ecs:DescribeServices',
    why: 'Reads the state of that deployment, the counts of tasks and the newest events.',
    resource: 'the service',
  },
]
