import type { CatalogueEntry } from '../error-catalogue.ts'

/** The details of the errors of a credential owner. */
export interface OwnerErrorDetails {
  ERR_OWNER_UNKNOWN: { owner: string; problem: string }
  ERR_OWNER_DENIED: { owner: string; operation: string }
  ERR_OWNER_UNREACHABLE: { owner: string; operation: string }
  ERR_OWNER_THROTTLED: { owner: string; operation: string }
  ERR_OWNER_STATE: { owner: string; operation: string }
  ERR_OWNER_REFUSED: { owner: string; operation: string; problem: string }
  ERR_OWNER_SLOW: { secret: string; limitMs: number; says: string }
}

/** What {@link OwnerErrorDetails} mean; a part of the catalogue. */
export const OWNER_ERRORS: { readonly [C in keyof OwnerErrorDetails]: CatalogueEntry } = {
  ERR_OWNER_UNKNOWN: {
    retry: 'never',
    what: 'The instance or cluster that owns the managed secret cannot be found.',
    hint:
      'Name it in the target (`rds: { instance: … }` or `rds: { cluster: … }`) and check region ' +
      'and account.',
  },
  ERR_OWNER_DENIED: {
    retry: 'never',
    what: 'RDS refused the call.',
    hint: 'Grant the named action on this instance or cluster (docs/iam.md lists them all).',
  },
  ERR_OWNER_UNREACHABLE: {
    retry: 'safe',
    what: 'RDS could not be reached.',
    hint: 'Check the network path and AWS_ENDPOINT_URL; nothing was sent: running again is safe.',
  },
  ERR_OWNER_THROTTLED: {
    retry: 'safe',
    what: 'RDS asked us to slow down.',
    hint: 'Run again later; spread rotations over time if this repeats.',
  },
  ERR_OWNER_STATE: {
    retry: 'safe',
    what: 'RDS does not change the instance or cluster in the state that it is in.',
    hint:
      'Wait until it is `available` (a backup, a modification or a failover may be under way; a ' +
      'stopped one has to be started), then run again. No rotation was begun.',
  },
  ERR_OWNER_REFUSED: {
    retry: 'never',
    what: 'RDS does not rotate this credential.',
    hint:
      'Look up the name of the error in the RDS API reference, ModifyDBInstance or ' +
      'ModifyDBCluster. No rotation was begun.',
  },
  ERR_OWNER_SLOW: {
    retry: 'never',
    what: 'RDS has not finished the rotation within the limit.',
    hint:
      'Look at the events of the instance or cluster. Running again waits for what is under way ' +
      'and does not ask a second time.',
  },
}
