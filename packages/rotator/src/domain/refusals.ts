/** Codes are stable; texts may change. */
export type RefusalCode =
  | 'CONSUMER_UNKNOWN'
  | 'ACTIVE_DENIED'
  | 'STANDBY_IN_USE'
  | 'PRIVILEGES_DIFFER'
  | 'PENDING_FOREIGN'
  | 'DOCUMENT_INCONSISTENT'
  | 'BACK_OUT_IMPOSSIBLE'
  | 'PLACEHOLDER'
  | 'ADMIN_IN_USE'
  | 'ADMIN_LOST'
  | 'ROLL_FAILED'
  | 'ROTATION_OPEN'
  | 'SECOND_PASSWORD'
  | 'NOT_REHEARSABLE'
  | 'SECRET_IS_MANAGED'
  | 'SECRET_NOT_MANAGED'
  | 'SECRET_IMPAIRED'
  | 'MANAGED_DENIED'
  | 'PLAN_DRIFTED'
  | 'OUTSIDE_WINDOW'
  | 'ADOPT_UNKNOWN'
  | 'ADOPT_CONTRADICTION'
  | 'ADOPT_DENIED'
  | 'ADOPT_ADMIN'
  | 'ADOPT_STANDBY'
  | 'ADOPT_OWNERSHIP'
  | 'ROTATION_OFF'
  | 'TOKEN_UNKNOWN'
  | 'TOKEN_NOT_PENDING'
  | 'NOT_STAGED'
  | 'STAGED_STALE'
  | 'CURRENT_DENIED'
  | 'STAGED_RELEASED'
  | 'STAGED_IN_FORCE'
  | 'STAGED_DENIED'
  | 'ADMIN_ELSEWHERE'

interface Refusal {
  /** One sentence: what was found. */
  readonly what: string
  /** Imperative: what a person should do. */
  readonly hint: string
}

/**
 * Refusals: the system is in a state where acting could break an invariant, so nothing is done and
 * a person must look. A refusal is a value, not an error. `docs/errors.md` is made from this list.
 */
export const REFUSALS: Readonly<Record<RefusalCode, Refusal>> = {
  CONSUMER_UNKNOWN: {
    what: 'A consumer logs in with a credential that belongs to no slot.',
    hint:
      'Find out which user that config target should have; point it at a slot, or take it out ' +
      'of the target. Where it is the admin of MySQL or MariaDB, `initial` lets the first ' +
      'rotation bring it to a slot.',
  },
  ACTIVE_DENIED: {
    what:
      'The active slot of the document does not log in, and no consumer shows a password that ' +
      'does.',
    hint:
      'Put the right password (or the right active_slot) into the secret. cuedot does not set a ' +
      'password that somebody may be using. After a restored backup, when the secret is right, ' +
      'use `cuedot heal --trust-secret`.',
  },
  STANDBY_IN_USE: {
    what: 'Somebody still uses the standby slot, so its password must not change.',
    hint: 'Move the consumers that are named to the active slot, then run again.',
  },
  PRIVILEGES_DIFFER: {
    what: 'The standby user may do less than the active one.',
    hint: 'Grant what is listed (or give both users one role that has it), then run again.',
  },
  PENDING_FOREIGN: {
    what: 'The secret has an AWSPENDING version that cuedot did not write.',
    hint:
      'Finish or cancel the other rotation of this secret (the console, a rotation Lambda), ' +
      'then run again.',
  },
  DOCUMENT_INCONSISTENT: {
    what: 'The document records a rotation that fits neither of its slots.',
    hint: 'Compare the versions of the secret and put the last sound one back.',
  },
  BACK_OUT_IMPOSSIBLE: {
    what: 'The rotation cannot be turned back: what consumers had before is not there any more.',
    hint:
      'The point of no return is passed. Repair what fails on the new slot; the next run goes ' +
      'forward.',
  },
  PLACEHOLDER: {
    what: 'The document still has the stand-in password of a deployment script.',
    hint:
      'Put the real password of the active user into the secret. Where applications run as the ' +
      'admin of MySQL or MariaDB so far, configure `initial`, and rotate.',
  },
  ADMIN_IN_USE: {
    what: 'Somebody else has sessions as the admin user, so its password must not change.',
    hint: 'Give the applications that are named users of their own, then run again.',
  },
  ADMIN_LOST: {
    what: 'No version of the admin secret logs in. The server answered, so this is the password.',
    hint: 'Reset the admin password at the database and put it into the secret, then run again.',
  },
  SECRET_IS_MANAGED: {
    what: 'The secret belongs to another service, and only that service may change the password.',
    hint: 'Use `strategy: managed` for this target: cuedot then asks RDS to rotate.',
  },
  SECRET_NOT_MANAGED: {
    what: 'The instance or cluster does not own this secret, so it cannot be asked to rotate it.',
    hint:
      'Correct `store` or `rds` of the target; for a secret of your own use ' +
      '`strategy: single-user`.',
  },
  SECRET_IMPAIRED: {
    what: 'RDS cannot rotate the secret (its state is impaired). The password still works.',
    hint:
      'Give RDS access to the secret and to its KMS key again, then rotate; see the events of ' +
      'the instance or cluster.',
  },
  MANAGED_DENIED: {
    what: 'The password in the managed secret does not log in. The server answered.',
    hint:
      'Rotate it: RDS sets the new password itself and needs no login for it. Where no version ' +
      'logs in at all, cuedot cannot take its lock: use `aws rds modify-db-instance ' +
      '--rotate-master-user-password --apply-immediately` (or modify-db-cluster).',
  },
  ROLL_FAILED: {
    what: 'A runtime does not come up on the credential that the rotation was turned back to.',
    hint: 'Both credentials log in, so look at the runtime itself; run again when it is well.',
  },
  ROTATION_OPEN: {
    what: 'The document records a rotation that is open, and this must not finish it.',
    hint: 'Run `cuedot heal` (or `back-out`), then try again.',
  },
  SECOND_PASSWORD: {
    what: 'The user accepts a second password that the secret does not have.',
    hint:
      'Run `cuedot heal`: it brings consumers to the password of the secret, waits until nobody ' +
      'else is left, and ends the second one. Then rehearse again.',
  },
  NOT_REHEARSABLE: {
    what: 'A target with one user cannot be rehearsed: its new password would be the only one.',
    hint: 'Run `cuedot verify`: it tries what can be tried without changing anything.',
  },
  PLAN_DRIFTED: {
    what: 'What would be done now is not what was approved, so nothing was done.',
    hint:
      'Read what differs, then make a new plan and have it approved. An open rotation can always ' +
      'be finished with `cuedot heal`, without a plan.',
  },
  OUTSIDE_WINDOW: {
    what: 'No window of this target is open, so no rotation was started.',
    hint:
      'Run again when a window is open, or start it now with `--force`, which is recorded. ' +
      'What is open already can be finished at any time with `cuedot heal`.',
  },
  ADOPT_UNKNOWN: {
    what: 'Nothing shows which credential runs today.',
    hint:
      'Name the application’s config file under `publish`, or put the running credential into ' +
      'the secret, then run again.',
  },
  ADOPT_CONTRADICTION: {
    what: 'The places that show the running credential show different ones.',
    hint: 'Find out which one the application uses and make the others agree, then run again.',
  },
  ADOPT_DENIED: {
    what: 'The credential that should be running does not log in on every endpoint.',
    hint:
      'Put the real credential into the config targets or the secret. cuedot sets no password ' +
      'that somebody may be using.',
  },
  ADOPT_ADMIN: {
    what: 'The application runs as the admin user, which must not be one of two slots.',
    hint:
      'Give the application a user of its own first. With MySQL and MariaDB, a target with ' +
      '`initial` needs no adoption: its first rotation makes both users.',
  },
  ADOPT_STANDBY: {
    what: 'There is a user already with the name that the second slot would get.',
    hint:
      'Name another one with --standby. Name this one only if nobody uses it: the first rotation ' +
      'gives it a new password.',
  },
  ADOPT_OWNERSHIP: {
    what: 'What the running user owns or has cannot be shared with a second user as things are.',
    hint: 'Change what is listed (docs/databases.md says why), then run again.',
  },
  ROTATION_OFF: {
    what: 'Rotation is turned off for this secret.',
    hint: 'Turn it on (`aws secretsmanager rotate-secret --secret-id …`), then rotate.',
  },
  TOKEN_UNKNOWN: {
    what: 'The secret has no version with the id that the event names.',
    hint: 'Let Secrets Manager call the function; it makes the version before.',
  },
  TOKEN_NOT_PENDING: {
    what: 'The version that the event names does not have the label AWSPENDING.',
    hint: 'Rotate again: the next rotation has a version of its own.',
  },
  NOT_STAGED: {
    what: 'Nothing is staged yet: this step comes after createSecret.',
    hint: 'Let Secrets Manager call the steps in their order; it repeats a rotation that fails.',
  },
  CURRENT_DENIED: {
    what: 'The password in AWSCURRENT does not log in. The server answered: it is the password.',
    hint:
      'Put the password that works into the secret, or reset the user’s password at the database ' +
      'to what AWSCURRENT has; then rotate again.',
  },
  STAGED_STALE: {
    what: 'The secret was changed after the new password was staged, so the two do not belong.',
    hint:
      'Rotate again: createSecret then takes the label AWSPENDING away, and the rotation after ' +
      'it starts afresh. No password was changed now.',
  },
  STAGED_RELEASED: {
    what:
      'What was staged does not fit the secret any more; it had not been put in force, and its ' +
      'label AWSPENDING was taken away.',
    hint: 'Rotate again: the next rotation starts from what the secret holds now.',
  },
  STAGED_IN_FORCE: {
    what: 'The database accepts the staged password, and the secret was changed in the meantime.',
    hint:
      'Compare AWSCURRENT with AWSPENDING and put into the secret what is right, with the staged ' +
      'password, as a new version. Then rotate.',
  },
  STAGED_DENIED: {
    what: 'The staged password does not log in, so it must not become current.',
    hint:
      'Rotate again: setSecret gives it to the database. If this repeats, find out what sets the ' +
      'password back, or which replica does not follow.',
  },
  ADMIN_ELSEWHERE: {
    what: 'The admin secret (`masterarn`) is for another server than the secret itself.',
    hint:
      'Let both name the same host, or let the secret name a read replica of it; nothing was ' +
      'tried on either server.',
  },
}
