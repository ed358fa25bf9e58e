import { ECS_ERRORS } from './error-catalogue/ecs.ts'
import { KUBERNETES_ERRORS } from './error-catalogue/kubernetes.ts'
import { LAUNCH_ERRORS } from './error-catalogue/launch.ts'
import { OWNER_ERRORS } from './error-catalogue/owner.ts'
import type { ErrorCode, Retry } from './errors.ts'

export interface CatalogueEntry {
  readonly retry: Retry
  /** One sentence: what happened. */
  readonly what: string
  /** Imperative: what a person should do. */
  readonly hint: string
}

/**
 * Every code with its retry class, what it means and what to do. `docs/errors.md` is made from it.
 */
export const ERROR_CATALOGUE: { readonly [C in ErrorCode]: CatalogueEntry } = {
  ERR_CONFIG: {
    retry: 'never',
    what: 'The configuration cannot be used.',
    hint:
      'Correct the line that is named; `cuedot verify` checks the file without changing ' +
      'anything.',
  },
  ERR_STORE_NOT_FOUND: {
    retry: 'never',
    what: 'The secret does not exist in the store.',
    hint:
      'Check the secret id, the region and the account; create the secret if this is a new ' +
      'target.',
  },
  ERR_STORE_DENIED: {
    retry: 'never',
    what: 'The secret store refused the call.',
    hint:
      'Grant the action that is named on this secret (docs/iam.md lists them all), and the use ' +
      'of its KMS key. Where the problem names a token, a signature or credentials, those of AWS ' +
      'are expired or wrong: get new ones.',
  },
  ERR_STORE_UNREACHABLE: {
    retry: 'safe',
    what: 'The secret store could not be reached.',
    hint: 'Check the network path and AWS_ENDPOINT_URL; nothing was sent: running again is safe.',
  },
  ERR_STORE_THROTTLED: {
    retry: 'safe',
    what: 'The secret store asked us to slow down.',
    hint: 'Run again later; spread rotations over time if this repeats.',
  },
  ERR_STORE_CONFLICT: {
    retry: 'observe-first',
    what: 'Somebody else changed the secret in the meantime.',
    hint: 'Find out who writes to this secret; running again starts from what is there now.',
  },
  ERR_STORE_UNREADABLE: {
    retry: 'never',
    what: 'The version of the secret cannot be read.',
    hint: 'Give it a text value, or put the previous version or a copy of the file back.',
  },
  ERR_DOCUMENT_NOT_JSON: {
    retry: 'never',
    what: 'The secret is not JSON: empty, cut off, or something else.',
    hint: 'Put the previous version back, or write the document anew (docs/slot-document.md).',
  },
  ERR_DOCUMENT_SHAPE: {
    retry: 'never',
    what: 'The document lacks something or has something of the wrong kind.',
    hint: 'Correct the place that is named; docs/slot-document.md has the shape.',
  },
  ERR_DOCUMENT_SLOTS_IDENTICAL: {
    retry: 'never',
    what: 'Both slots of the document name the same user, so nothing could alternate.',
    hint: 'Give slot A and slot B a database user of their own.',
  },
  ERR_DOCUMENT_SLOT_IS_ADMIN: {
    retry: 'never',
    what: 'The document names the admin user as one whose password changes with the application.',
    hint: 'Give the application a database user of its own, and the document that user.',
  },
  ERR_STORE_KEY: {
    retry: 'never',
    what:
      'The key of the file store is missing, malformed or not the one the secret was written ' +
      'with.',
    hint: 'Give the key file that belongs to this store; it is never stored beside the secrets.',
  },
  ERR_STORE_LIMIT: {
    retry: 'never',
    what: 'The secret is larger than the store takes.',
    hint: 'Remove keys that do not belong in this secret (AWS takes 65,536 bytes).',
  },
  ERR_DB_AUTH: {
    retry: 'never',
    what: 'The database refused the login.',
    hint: 'The server answered: this is the credential, not the network. Check the admin secret.',
  },
  ERR_DB_UNREACHABLE: {
    retry: 'safe',
    what: 'The database could not be reached.',
    hint:
      'Check host, port, security groups and whether a failover is under way. Do not reset any ' +
      'password for this.',
  },
  ERR_DB_OVERLOADED: {
    retry: 'safe',
    what: 'The database has no room for another connection or is starting or stopping.',
    hint: 'Wait for the load to pass, or raise the connection limit, and run again.',
  },
  ERR_DB_READ_ONLY: {
    retry: 'safe',
    what: 'What should be the writer takes no changes: it is a replica, or set read-only.',
    hint:
      'Name the writer first in `endpoints`. After a failover let its address lead to the new ' +
      'writer, then run again. Nothing was changed on this server.',
  },
  ERR_DB_DISK_FULL: {
    retry: 'observe-first',
    what: 'The disk of the database server is full.',
    hint:
      'Free space where the server keeps its data and start it again if it has ended. Then run ' +
      'again: cuedot looks at what is true then. Do not reset any password for this.',
  },
  ERR_DB_BUSY: {
    retry: 'safe',
    what: 'Somebody holds a lock that was needed for a moment; nothing was changed.',
    hint:
      'Run again; if this repeats, end the transaction that stays open on what is named. cuedot ' +
      'asks for a short moment each time, so that no application waits behind it.',
  },
  ERR_DB_TLS: {
    retry: 'never',
    what: 'The TLS connection to the database could not be verified.',
    hint:
      'Give the CA in CUEDOT_TLS_CA or `tls.ca`, use the host name that the certificate names, ' +
      'or turn TLS on at the server.',
  },
  ERR_DB_DENIED: {
    retry: 'never',
    what: 'The database did not allow the statement.',
    hint: 'Give the admin user the privilege that docs/databases.md lists for this operation.',
  },
  ERR_DB_STATEMENT: {
    retry: 'never',
    what: 'The database rejected the statement.',
    hint: 'Look up the SQLSTATE in the documentation of the engine; the statement changed nothing.',
  },
  ERR_DB_UNSUPPORTED: {
    retry: 'never',
    what: 'The database or the user is set up in a way that cuedot does not support.',
    hint: 'docs/databases.md says what is supported and how to get there.',
  },
  ERR_TARGET_MISSING: {
    retry: 'never',
    what: 'The config target does not exist.',
    hint:
      'Check the path and whether the volume is mounted; of a Secret the namespace, the name and ' +
      'the cluster.',
  },
  ERR_TARGET_UNREADABLE: {
    retry: 'never',
    what: 'The config file cannot be read.',
    hint: 'Check owner and mode; cuedot needs to read and replace the file.',
  },
  ERR_TARGET_UNPARSABLE: {
    retry: 'never',
    what: 'The config target is not what its kind says.',
    hint: 'Correct the place that is named; cuedot never rewrites what it cannot read.',
  },
  ERR_TARGET_NOT_LITERAL: {
    retry: 'never',
    what: 'The config file computes a value that cuedot would have to replace.',
    hint: 'Write the value as a plain literal, or rotate what it is computed from.',
  },
  ERR_TARGET_AMBIGUOUS: {
    retry: 'never',
    what: 'The config file gives a value more than once.',
    hint: 'Keep one assignment of it.',
  },
  ERR_TARGET_INCOMPLETE: {
    retry: 'never',
    what: 'The config target lacks a value that cuedot must set.',
    hint: 'Add the assignment or the key that is named.',
  },
  ERR_TARGET_UNWRITABLE: {
    retry: 'never',
    what: 'The config target cannot be replaced.',
    hint:
      'Give cuedot write access to the folder, or check whether the file system is read-only; ' +
      'make an immutable Secret anew without `immutable`.',
  },
  ERR_TARGET_DISK_FULL: {
    retry: 'never',
    what: 'There is no room to write the file. The old file is untouched.',
    hint: 'Free space on that file system and run again.',
  },
  ERR_TARGET_CHANGED: {
    retry: 'observe-first',
    what: 'Somebody else changed the config target while cuedot was about to.',
    hint: 'Find out what else writes there; running again starts from what is there now.',
  },
  ERR_RUNTIME_COMMAND: {
    retry: 'never',
    what: 'The command that restarts the runtime failed.',
    hint: 'Run the command by hand and read its output; it must exit with 0 when it succeeds.',
  },
  ERR_ROLL_FAILED: {
    retry: 'never',
    what: 'A runtime did not come up on the credential that was published.',
    hint:
      'Read what the runtime says. A rotation that was turned back left the application on the ' +
      'credential it had: rotate again when the cause is gone.',
  },
  ...ECS_ERRORS,
  ...LAUNCH_ERRORS,
  ...OWNER_ERRORS,
  ...KUBERNETES_ERRORS,
  ERR_OUTCOME_UNKNOWN: {
    retry: 'observe-first',
    what: 'A request was sent and no answer came: it may or may not have happened.',
    hint: 'Run again: cuedot looks at what is true now before it does anything.',
  },
  ERR_STRAGGLERS: {
    retry: 'never',
    what: 'Somebody still has sessions on the old slot, so its password was not changed.',
    hint:
      'Restart or move the clients that are named, then run again. Both passwords work until ' +
      'then.',
  },
  ERR_QUARANTINE_MISSED: {
    retry: 'never',
    what: 'Somebody missed the account while it was in quarantine, so it was given back.',
    hint:
      'Move the client that is named to the active slot, then run again. Both passwords work ' +
      'until then.',
  },
  ERR_SESSIONS_LEFT: {
    retry: 'observe-first',
    what: 'Sessions that began with a leaked password are still there after they were ended.',
    hint: 'The password is dead: nobody can log in with it. End the sessions that are named.',
  },
  ERR_POOLER: {
    retry: 'never',
    what: 'A pooler does not let a user in with a password that the database accepts.',
    hint:
      'Look at the log of the pooler. Let it ask the database for passwords (auth_query of ' +
      'PgBouncer), or give it the new one while the run waits. See docs/poolers.md.',
  },
  ERR_DEADLINE: {
    retry: 'observe-first',
    what: 'Something took longer than its limit.',
    hint: 'Run again when the cause is gone, or raise the limit that is named.',
  },
  ERR_NO_EFFECT: {
    retry: 'never',
    what: 'A step was applied several times and what it should change has not changed.',
    hint:
      'Find out what undoes it: another tool that writes the same place, or a replica that does ' +
      'not follow.',
  },
  ERR_INTERRUPTED: {
    retry: 'never',
    what: 'The run was asked to stop.',
    hint: 'Run again: it goes on from what is true then.',
  },
  ERR_AUDIT: {
    retry: 'never',
    what: 'The audit file cannot be used.',
    hint: 'Repair what is named (docs/audit.md); `cuedot audit verify` shows what was changed.',
  },
  ERR_PLAN: {
    retry: 'never',
    what: 'The plan file cannot be used.',
    hint: 'Make a new one with `cuedot plan --out FILE` and have it approved.',
  },
  ERR_EVENT: {
    retry: 'never',
    what: 'The function was called with something that is no step of a rotation.',
    hint:
      'Let Secrets Manager call it: a rotation function is given Step, SecretId and ' +
      'ClientRequestToken.',
  },
}
