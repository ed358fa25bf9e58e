import type { CatalogueEntry } from '../error-catalogue.ts'

/** The details of the errors of an ECS service. `action` is as written in a policy. */
export interface EcsErrorDetails {
  ERR_ECS_UNKNOWN: { service: string; problem: string }
  ERR_ECS_DENIED: { service: string; action: string; problem: string }
  ERR_ECS_UNREACHABLE: { service: string; action: string }
  ERR_ECS_THROTTLED: { service: string; action: string }
  ERR_ECS_UNFIT: { service: string; problem: string }
  ERR_ECS_REFUSED: { service: string; action: string; problem: string }
}

/** What {@link EcsErrorDetails} mean; a part of the catalogue. */
export const ECS_ERRORS: { readonly [C in keyof EcsErrorDetails]: CatalogueEntry } = {
  ERR_ECS_UNKNOWN: {
    retry: 'never',
    what: 'The ECS service cannot be found.',
    hint: 'Check cluster, service, region and account. Nothing was deployed.',
  },
  ERR_ECS_DENIED: {
    retry: 'never',
    what: 'ECS refused the call.',
    hint:
      'Grant the named action on this service (docs/iam.md lists them all). Where the problem ' +
      'names a token or a signature, the AWS credentials are expired or wrong: get new ones.',
  },
  ERR_ECS_UNREACHABLE: {
    retry: 'safe',
    what: 'ECS could not be reached.',
    hint: 'Check the network path and AWS_ENDPOINT_URL; nothing was sent: running again is safe.',
  },
  ERR_ECS_THROTTLED: {
    retry: 'safe',
    what: 'ECS asked us to slow down.',
    hint: 'Run again later; spread rotations over time if this repeats.',
  },
  ERR_ECS_UNFIT: {
    retry: 'never',
    what: 'The ECS service cannot be rolled the way it is.',
    hint:
      'The service must be ACTIVE and be deployed by ECS itself (deployment controller ECS). ' +
      'For CODE_DEPLOY and EXTERNAL use a command that starts the deployment (docs/ecs.md).',
  },
  ERR_ECS_REFUSED: {
    retry: 'never',
    what: 'ECS does not deploy this service.',
    hint: 'Look up the name of the error in the Amazon ECS API reference, UpdateService.',
  },
}
