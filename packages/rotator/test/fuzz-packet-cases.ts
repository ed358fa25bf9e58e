import {
  array,
  boolean,
  constantFrom,
  integer,
  oneof,
  record,
  string,
  tuple,
  uint8Array,
} from 'fast-check'
import type { Arbitrary } from 'fast-check'
import {
  MYSQL_GREETING,
  mysqlError,
  mysqlOk,
  mysqlPacket,
  PG_READY,
  pgError,
  pgMessage,
} from './fuzz-packets.ts'
import type { Answer } from './fuzz-packets.ts'

/** An answer, and what a client must make of it: nothing where anything typed will do. */
export interface Case {
  readonly answer: Answer
  /** The one error that it is a well-formed report of. */
  readonly reports?: string | number
}

const noise = uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes))

function damaged(whole: Arbitrary<Buffer>): Arbitrary<Buffer> {
  return tuple(whole, integer({ min: 0, max: 200 }), integer({ min: 0, max: 255 }), boolean()).map(
    ([bytes, at, value, cut]) => {
      const where = at % (bytes.length + 1)
      if (cut) return bytes.subarray(0, where)
      const copy = Buffer.from(bytes)
      if (where < copy.length) copy[where] = value
      return copy
    },
  )
}

/** A tenth stays silent afterwards, which takes until the deadline. */
const ends = integer({ min: 0, max: 9 }).map((number) => number > 0)

function caseOf(bytes: Arbitrary<Buffer>): Arbitrary<Case> {
  return record({ bytes, ends }).map((answer) => ({ answer }))
}

const sqlstate = oneof(
  constantFrom('28P01', '28000', '42501', '53300', '57P03', '57P01', '3D000', '25006', '0L000'),
  constantFrom('08006', '55P03', '40001', 'XX000', '22023', '', '28P0', '28P011', 'ABCDE'),
  string({ maxLength: 6 }).filter((text) => !text.includes('\0')),
)
const pgText = string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\0', ' '))
const routine = constantFrom('InitializeSessionUserId', 'auth_failed', 'ClientAuthentication', '')
const pgErrors = record({ C: sqlstate, M: pgText, R: routine, S: constantFrom('FATAL', 'ERROR') })
const pgBytes = oneof(
  pgErrors.map(pgError),
  tuple(string({ minLength: 1, maxLength: 1, unit: 'binary-ascii' }), noise).map(([kind, body]) =>
    pgMessage(kind, body),
  ),
  array(constantFrom(PG_READY, pgMessage('C', 'ALTER ROLE\0'), pgMessage('Z', 'I')), {
    maxLength: 3,
  }).map((all) => Buffer.concat(all)),
)

/** Errors as they should be, the same damaged, and noise. */
export const pgCases: Arbitrary<Case> = oneof(
  tuple(pgErrors, ends).map(([fields, end]): Case => ({
    answer: { bytes: pgError(fields), ends: end },
    reports: fields.C,
  })),
  caseOf(damaged(pgBytes)),
  caseOf(pgBytes),
  caseOf(noise),
)

const errno = oneof(
  constantFrom(1045, 1698, 1862, 1820, 4151, 3118, 3955, 1040, 1203, 1226, 1205, 1044, 1049),
  constantFrom(1053, 1142, 1227, 1290, 1317, 1396, 1819, 1836, 1927, 3024, 3159, 3168, 0, 999),
  integer({ min: 0, max: 65535 }),
)

/** The same for MySQL, in packets with this number. */
export function mysqlCases(number: number): Arbitrary<Case> {
  const errors = tuple(errno, pgText)
  const bytes = oneof(
    errors.map(([code, text]) => mysqlError(number, code, text)),
    tuple(integer({ min: 0, max: 255 }), noise).map(([at, body]) => mysqlPacket(at, body)),
    tuple(constantFrom('sha256_password', 'mysql_clear_password', 'dialog', ''), noise).map(
      ([plugin, data]) =>
        mysqlPacket(number, Buffer.concat([Buffer.from(`\xfe${plugin}\0`), data])),
    ),
    constantFrom(mysqlOk(number), MYSQL_GREETING),
  )
  return oneof(
    tuple(errors, ends).map(([[code, text], end]): Case => ({
      answer: { bytes: mysqlError(number, code, text), ends: end },
      reports: code,
    })),
    caseOf(damaged(bytes)),
    caseOf(bytes),
    caseOf(noise),
  )
}
