import type { CatalogueEntry } from '../error-catalogue.ts'

/**
 * The details of the errors of commands that are started elsewhere. `from` is what a Job is made
 * from, as `CronJob openemr/credential-rotation`; `jobs` are those that may run.
 */
export interface LaunchErrorDetails {
  ERR_TASK_DEFINITION: { taskDefinition: string; problem: string }
  ERR_TASK_REFUSED: { task: string; problem: string }
  ERR_JOB_TEMPLATE: { from: string; problem: string }
  ERR_JOB_RUNNING: { jobs: string }
  ERR_LOG_UNREADABLE: { log: string; action: string; problem: string }
}

/** What {@link LaunchErrorDetails} mean; a part of the catalogue. */
export const LAUNCH_ERRORS: { readonly [C in keyof LaunchErrorDetails]: CatalogueEntry } = {
  ERR_TASK_DEFINITION: {
    retry: 'never',
    what: 'No rotation can be started from this task definition.',
    hint: 'Check its name, region and account, and which container runs cuedot (--container).',
  },
  ERR_TASK_REFUSED: {
    retry: 'never',
    what: 'ECS does not start the task.',
    hint:
      'Look up the problem in the Amazon ECS developer guide, "API failure reasons". Nothing was ' +
      'started.',
  },
  ERR_JOB_TEMPLATE: {
    retry: 'never',
    what: 'No Job can be made from this.',
    hint:
      'Name the CronJob of the rotation (--cron-job) or the file with its manifest (--manifest), ' +
      'and set the variables that it has placeholders for. Nothing was started.',
  },
  ERR_JOB_RUNNING: {
    retry: 'safe',
    what: 'A rotation may be running already, so none was started.',
    hint: 'Wait for it, or follow it with --attach. Do not delete its Job while it runs.',
  },
  ERR_LOG_UNREADABLE: {
    retry: 'safe',
    what: 'The log of the task cannot be read.',
    hint: 'Grant the action that is named on the log group; the task is not touched by this.',
  },
}
