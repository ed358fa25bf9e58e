/** One permission that the adapter needs, and for what. */
export interface LogsIamAction {
  /** As written in a policy: `service:Action`. */
  readonly action: string
  /** One sentence. */
  readonly why: string
  /** What the statement's `Resource` names. */
  readonly resource: 'the log stream'
}

/**
 * Everything that is ever asked of CloudWatch Logs; `docs/iam.md` is made from it and the tests
 * fail on a call of any other action.
 * @see Service Authorization Reference, "Actions, resources, and condition keys for Amazon
 *   CloudWatch Logs": GetLogEvents takes the resource type `log-stream`
 */
export const logsIamActions: readonly LogsIamAction[] = [
  {
    action: 'logs:GetLogEvents',
    why: 'Shows what the task prints; without it the exit code still counts.',
    resource: 'the log stream',
  },
]
