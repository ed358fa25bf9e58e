import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseGrant } from './grants.ts'
import type { Grant, Scope } from './grants.ts'
import { grantsToGive, missingGrants, renderGrant } from './privileges.ts'

const parse = (line: string): Grant => {
  const grant = parseGrant(line)
  if (typeof grant !== 'object') throw new Error(`no grant: ${line}`)
  return grant
}

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const scope: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant<Scope>({ level: 'global' }),
  name.map((pattern): Scope => ({ level: 'database', pattern })),
  fc.record({
    level: fc.constant('object' as const),
    type: fc.constantFrom('table', 'procedure', 'function', 'package', 'package body', 'library'),
    path: fc.tuple(name, name),
  }),
)
const privilege = fc.oneof(
  fc
    .constantFrom('SELECT', 'ALL PRIVILEGES', 'CREATE TEMPORARY TABLES')
    .map((text) => ({ name: text })),
  fc.record({
    name: fc.constantFrom('INSERT', 'REFERENCES'),
    columns: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }).map((names) => names.toSorted()),
  }),
)
const grant: fc.Arbitrary<Grant> = fc.oneof(
  fc.record({
    kind: fc.constant('privileges' as const),
    scope,
    privileges: fc
      .tuple(fc.array(privilege, { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([list, option]) => (option ? [...list, { name: 'GRANT OPTION' }] : list)),
  }),
  fc.record(
    { kind: fc.constant('role' as const), role: name, host: name, admin: fc.boolean() },
    { requiredKeys: ['kind', 'role', 'admin'] },
  ),
  fc.record({ kind: fc.constant('proxy' as const), user: name, host: name, admin: fc.boolean() }),
)

describe('reading a line of SHOW GRANTS', () => {
  test('gives back every grant that was written, whatever the names', () => {
    fc.assert(
      fc.property(grant, (value) => {
        expect(parse(renderGrant(value, '`app`@`%`'))).toEqual(value)
      }),
    )
  })

  test('takes no text of the account’s settings for an option', () => {
    const line =
      "GRANT SELECT ON *.* TO `a`@`%` REQUIRE SUBJECT '/CN= WITH GRANT OPTION' WITH MAX_UPDATES 1"
    expect(parse(line)).toMatchObject({ privileges: [{ name: 'SELECT' }] })
    const user = 'GRANT SELECT ON `d`.* TO `a WITH GRANT OPTION`@`%`'
    expect(parse(user)).toMatchObject({ privileges: [{ name: 'SELECT' }] })
  })

  test('finds the grant option before resource limits', () => {
    const line =
      "GRANT SELECT ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*' WITH GRANT OPTION MAX_UPDATES 1"
    expect(parse(line)).toMatchObject({
      privileges: [{ name: 'SELECT' }, { name: 'GRANT OPTION' }],
    })
  })

  test('gives nothing for USAGE and for a default role', () => {
    expect(parseGrant("GRANT PROXY ON 'b'@'%' TO 'a'@'%' WITH GRANT OPTION")).toEqual(
      parseGrant('GRANT PROXY ON `b`@`%` TO `a`@`%` WITH GRANT OPTION'),
    )
    for (const spelt of ["'b''c'", String.raw`'b\'c'`])
      expect(parseGrant(`GRANT PROXY ON ${spelt}@'%' TO 'a'@'%'`)).toBe('unknown')
    expect(parseGrant('GRANT USAGE ON *.* TO `a`@`%`')).toBeUndefined()
    expect(parseGrant('SET DEFAULT ROLE `r` FOR `a`@`%`')).toBeUndefined()
  })

  test('says of a line that takes something away that it does', () => {
    expect(parseGrant('REVOKE SELECT ON `d`.* FROM `a`@`%`')).toBe('revoked')
  })

  test.for([
    'DENY SELECT ON `d`.* TO `a`@`%`',
    'GRANT SELECT ON d.* TO `a`@`%`',
    'GRANT SELECT ON `d`.* WHATEVER `a`@`%`',
    'GRANT `r`@% TO `a`@`%`',
    'GRANT',
    '',
  ])('does not guess what %j means', (line) => {
    expect(parseGrant(line)).toBe('unknown')
  })
})

describe('comparing grants', () => {
  const compare = (reference: readonly string[], held: readonly string[]): readonly string[] =>
    missingGrants(
      reference.map((line) => parse(`GRANT ${line}`)),
      held.map((line) => parse(`GRANT ${line}`)),
    )

  test('names what is missing, place by place', () => {
    expect(
      compare(
        ['SELECT, INSERT ON `openemr`.* TO `a`@`%`', 'SELECT (`x`, `y`) ON `d`.`t` TO `a`@`%`'],
        ['SELECT ON `openemr`.* TO `b`@`%`', 'SELECT (`y`) ON `d`.`t` TO `b`@`%`'],
      ),
    ).toEqual(['INSERT on database "openemr"', 'SELECT (x) on table "d"."t"'])
  })

  test.for([
    ['SELECT ON `d`.`t` TO `a`@`%`', 'SELECT ON `d`.* TO `b`@`%`'],
    ['SELECT ON `d`.`t` TO `a`@`%`', 'SELECT, INSERT ON *.* TO `b`@`%`'],
    ['SELECT (`c`) ON `d`.`t` TO `a`@`%`', 'SELECT ON `d`.`t` TO `b`@`%`'],
    ['SELECT ON `d`.* TO `a`@`%`', 'ALL PRIVILEGES ON `d`.* TO `b`@`%`'],
    ['EXECUTE ON FUNCTION `d`.`f` TO `a`@`%`', 'EXECUTE ON `d`.* TO `b`@`%`'],
    ['SELECT ON `my_db`.`t` TO `a`@`%`', 'SELECT ON `my\\_db`.* TO `b`@`%`'],
    ['`r` TO `a`@`%`', '`r` TO `b`@`%` WITH ADMIN OPTION'],
  ] as const)('finds %j covered by %j', ([reference, held]) => {
    expect(compare([reference], [held])).toEqual([])
  })

  test.for([
    ['SELECT ON `d`.* TO `a`@`%`', 'SELECT ON `d`.`t` TO `b`@`%`'],
    ['SELECT ON `my_db`.`t` TO `a`@`%`', 'SELECT ON `my_db`.* TO `b`@`%`'],
    ['SELECT ON `my_db`.* TO `a`@`%`', 'SELECT ON `my\\_db`.* TO `b`@`%`'],
    ['SELECT ON `d`.* TO `a`@`%` WITH GRANT OPTION', 'ALL PRIVILEGES ON `d`.* TO `b`@`%`'],
    ['EXECUTE ON FUNCTION `d`.`f` TO `a`@`%`', 'EXECUTE ON PROCEDURE `d`.`f` TO `b`@`%`'],
    ['SELECT ON `d`.`t` TO `a`@`%`', 'SELECT (`c`) ON `d`.`t` TO `b`@`%`'],
    ['`r` TO `a`@`%` WITH ADMIN OPTION', '`r` TO `b`@`%`'],
    ['`r`@`%` TO `a`@`%`', '`r`@`10.%` TO `b`@`%`'],
    ['PROXY ON `u`@`%` TO `a`@`%`', 'PROXY ON `u`@`10.%` TO `b`@`%`'],
  ] as const)('finds %j not covered by %j', ([reference, held]) => {
    expect(compare([reference], [held])).toHaveLength(1)
  })
})

describe('what has to be granted', () => {
  const give = (reference: string, held: string): readonly string[] =>
    grantsToGive([parse(`GRANT ${reference}`)], [parse(`GRANT ${held}`)]).map((given) =>
      renderGrant(given, 'x'),
    )

  test('leaves nothing missing, and nothing to grant again', () => {
    const grants = fc.array(grant, { maxLength: 4 })
    fc.assert(
      fc.property(grants, grants, (reference, held) => {
        const after = [...held, ...grantsToGive(reference, held)]
        expect(missingGrants(reference, after)).toEqual([])
        expect(grantsToGive(reference, after)).toEqual([])
      }),
    )
  })

  test.for([
    ['SELECT, INSERT ON `d`.* TO a', 'SELECT ON `d`.* TO b', ['GRANT INSERT ON `d`.* TO x']],
    [
      'SELECT, INSERT ON `d`.* TO a WITH GRANT OPTION',
      'SELECT ON `d`.* TO b WITH GRANT OPTION',
      ['GRANT INSERT ON `d`.* TO x WITH GRANT OPTION'],
    ],
    [
      'SELECT, INSERT ON `d`.* TO a WITH GRANT OPTION',
      'SELECT, INSERT ON `d`.* TO b',
      ['GRANT SELECT, INSERT ON `d`.* TO x WITH GRANT OPTION'],
    ],
    ['SELECT ON `d`.`t` TO a', 'SELECT ON `d`.* TO b', []],
    ['`r` TO a WITH ADMIN OPTION', '`r` TO b', ['GRANT `r` TO x WITH ADMIN OPTION']],
  ] as const)('of %j, where %j is there, is %j', ([reference, held, wanted]) => {
    expect(give(reference, held)).toEqual(wanted)
  })
})
