import * as z from 'zod'
import { publishSchema, rollSchema } from './consumers.ts'
import { databaseSchema } from './database.ts'
import { distinctIds, duration, nonEmpty } from './fields.ts'
import { secretsManager, storeSchema } from './store.ts'
import type { PasswordConfig, TargetConfig } from './types.ts'
import { windowSchema } from './windows.ts'

const password: z.ZodType<PasswordConfig> = z
  .strictObject({
    length: z.int().min(16).max(128).default(30).describe('Characters, 16 to 128.'),
    exclude: z
      .string()
      .default('')
      .describe('Characters to leave out of letters and digits, as "O0Il".'),
  })
  .prefault({})

const PASSWORD = password.describe('How generated passwords look.')

const DRAIN = { quiet: '5s', limit: '15m', poll: '1s' }

const drain = z
  .strictObject({
    quiet: duration({ least: '0s', most: '1h', default: DRAIN.quiet }).describe(
      'For how long nobody may be seen on the old slot before its password is retired.',
    ),
    limit: duration({ least: '0s', most: '1d', default: DRAIN.limit }).describe(
      'Longest wait for the sessions of the old slot to end.',
    ),
    poll: duration({ least: '50ms', most: '1m', default: DRAIN.poll }).describe(
      'Between two counts.',
    ),
  })
  .prefault(DRAIN)
  .transform(({ quiet, limit, poll }) => ({ quietMs: quiet, limitMs: limit, pollMs: poll }))

const WAIT = { limit: '15m', poll: '5s', doubt: '60s' }

const wait = z
  .strictObject({
    limit: duration({ least: '1s', most: '1d', default: WAIT.limit }).describe(
      'Longest wait for a rotation that RDS has taken on.',
    ),
    poll: duration({ least: '50ms', most: '10m', default: WAIT.poll }).describe(
      'Between two looks at it.',
    ),
    doubt: duration({ least: '0s', most: '10m', default: WAIT.doubt }).describe(
      'For how long a request whose answer was lost is watched before it counts as lost.',
    ),
  })
  .prefault(WAIT)
  .transform(({ limit, poll, doubt }) => ({ limitMs: limit, pollMs: poll, doubtMs: doubt }))

function common(folder: string) {
  return {
    database: databaseSchema(folder).describe('The database whose credentials these are.'),
    prove_limit: duration({ least: '1s', most: '1h', default: '60s' }).describe(
      'Longest wait for a new password to be accepted on every endpoint.',
    ),
    call_limit: duration({ least: '1s', most: '10m', default: '30s' }).describe(
      'Longest time for one call of the store, the database, a file or a runtime.',
    ),
    evict_after: duration({ least: '0s', most: '1h', default: '30s' }).describe(
      'How long `rotate --compromised` lets sessions with a leaked password end by themselves.',
    ),
    max_age: duration({ least: '1m', most: '3650d' })
      .exactOptional()
      .describe('The age from which `cuedot status` calls a rotation due.'),
    windows: z
      .array(windowSchema)
      .min(1, 'must have at least one window')
      .exactOptional()
      .describe('When `cuedot rotate` may start a rotation. Default: at any time.'),
  }
}

/** One target. `folder`: where relative paths start. */
export function targetSchema(folder: string): z.ZodType<TargetConfig> {
  const dualPassword = z
    .strictObject({
      strategy: z
        .literal('dual-password')
        .describe('One user that has two passwords while a rotation is open: MySQL, MariaDB.'),
      store: storeSchema(folder).describe('The secret with the flat document of the user.'),
      ...consumed(folder),
    })
    .superRefine(({ database }, context) => {
      if (database.engine === 'postgres')
        context.addIssue({
          code: 'custom',
          path: ['strategy'],
          message: 'needs MySQL or MariaDB: a user of PostgreSQL has one password',
        })
    })
    .transform(rename)
  const singleUser = z
    .strictObject({
      strategy: z.literal('single-user').describe('One user that only the rotator logs in as.'),
      store: storeSchema(folder).describe('The secret with the flat document of the user.'),
      ...common(folder),
      password: PASSWORD,
    })
    .transform(rename)
  return z.discriminatedUnion('strategy', [
    alternatingSchema(folder),
    dualPassword,
    singleUser,
    managedSchema(folder),
  ])
}

const INITIAL = z.strictObject({
  user: z
    .literal('admin')
    .describe('Whose login applications have before their first rotation: the admin’s.'),
  privileges: z
    .literal('all')
    .describe('What the slots’ users get then: all privileges on the database, none elsewhere.'),
})

function alternatingSchema(folder: string) {
  return z
    .strictObject({
      strategy: z.literal('alternating').describe('Two users of which one is active.'),
      store: storeSchema(folder).describe('The secret with the slot document of both users.'),
      initial: INITIAL.exactOptional().describe(
        'Lets the first rotation bring applications that run as the admin to a slot. MySQL, ' +
          'MariaDB. Default: a config target that holds the admin is refused.',
      ),
      ...consumed(folder),
      quarantine: duration({ least: '0s', most: '1d' })
        .exactOptional()
        .describe(
          'For how long the old account is locked and watched before its password is retired.',
        ),
      expire_after: duration({ least: '1m', most: '30d' })
        .exactOptional()
        .describe(
          'From the first drain on: after this the old account expires by itself, should nobody ' +
            'finish the rotation. PostgreSQL only; the slots’ VALID UNTIL is cuedot’s then.',
        ),
    })
    .superRefine(refineInitial)
    .superRefine(({ database, expire_after }, context) => {
      if (expire_after !== undefined && database.engine !== 'postgres')
        context.addIssue({
          code: 'custom',
          path: ['expire_after'],
          message: 'needs PostgreSQL: accounts of other servers do not expire at a moment',
        })
    })
    .transform(({ quarantine, expire_after, ...rest }) => ({
      ...rename(rest),
      ...(quarantine !== undefined && { quarantineMs: quarantine }),
      ...(expire_after !== undefined && { expireAfterMs: expire_after }),
    }))
}

interface Refined {
  readonly initial?: unknown
  readonly database: { readonly engine: string; readonly dbname: string }
  readonly publish: readonly unknown[]
}

function refineInitial({ initial, database, publish }: Refined, context: z.RefinementCtx): void {
  if (initial === undefined) return
  const issue = (message: string): void =>
    context.addIssue({ code: 'custom', path: ['initial'], message })
  if (database.engine === 'postgres')
    issue(
      'needs MySQL or MariaDB: with PostgreSQL give the application a user of its own first, ' +
        'which `cuedot adopt` takes over',
    )
  if (database.dbname === '')
    issue('needs `dbname` under `database`: there the slots’ users get all privileges')
  if (publish.length === 0)
    issue('needs a config target under `publish`: only that shows whether the admin is in use')
}

function managedSchema(folder: string) {
  return z
    .strictObject({
      strategy: z.literal('managed').describe('A user whose password RDS manages: RDS is asked.'),
      store: secretsManager.describe('The secret that RDS has made: `rds!…`, or its ARN.'),
      ...common(folder),
      rds: z
        .union([
          z.strictObject({ instance: nonEmpty().describe('DB instance identifier.') }),
          z.strictObject({ cluster: nonEmpty().describe('DB cluster identifier.') }),
        ])
        .exactOptional()
        .describe('What owns the secret. Default: what the tags of the secret name.'),
      wait: wait.describe('How patient to be with RDS.'),
    })
    .transform(rename)
}

/** What the strategies with consumers share. */
function consumed(folder: string) {
  return {
    admin: z
      .strictObject({ store: storeSchema(folder).describe('The secret with the admin’s login.') })
      .describe('The user that changes passwords and counts sessions.'),
    ...common(folder),
    password: PASSWORD,
    publish: z
      .array(publishSchema(folder))
      .refine(distinctIds, { error: 'two entries have the same id' })
      .default([])
      .describe('Where the credential is written for consumers, in this order.'),
    roll: z
      .array(rollSchema(folder))
      .refine(distinctIds, { error: 'two entries have the same id' })
      .default([])
      .describe('What makes consumers pick it up, in this order.'),
    drain: drain.describe('How long to wait until nobody uses the old slot.'),
  }
}

interface Written {
  readonly prove_limit: number
  readonly call_limit: number
  readonly evict_after: number
  readonly max_age?: number
}

function rename<T extends Written>({ prove_limit, call_limit, evict_after, max_age, ...rest }: T) {
  return {
    ...rest,
    proveLimitMs: prove_limit,
    callLimitMs: call_limit,
    evictAfterMs: evict_after,
    ...(max_age !== undefined && { maxAgeMs: max_age }),
  }
}
