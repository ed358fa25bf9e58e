// Goal: whatever stands in cuedot.yaml, it is read or refused with ERR_CONFIG and a place, never
// with another error, and nothing of it is run or gets into a prototype. Method: a configuration
// with everything in it, and lines of it lost, doubled, moved, indented, changed.
import { array, assert, property, constantFrom, integer, oneof, string, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../src/config/load.ts'
import { isRotatorError } from '../src/errors.ts'
import { cases, SEED } from './fuzz.ts'

const WHOLE = `version: 1
targets:
  app:
    strategy: alternating
    store: { kind: secrets-manager, secret: prod/app/slots, region: eu-central-1 }
    admin:
      store: { kind: file, path: admin.cuedot, key_file: key }
    database:
      engine: postgres
      endpoints: ["db.example.com:5432", "replica.example.com:5432"]
      dbname: app
      tls: { ca: ca.pem }
    publish:
      - { id: env, kind: dotenv, path: app.env, keys: { username: DB_USER, password: DB_PW } }
      - { id: php, kind: php-sqlconf, path: sqlconf.php }
      - id: s
        kind: kubernetes-secret
        namespace: n
        name: s
        keys: { username: u, password: p }
      - id: json
        kind: json
        path: app.json
        pointers: { username: /db/user, password: /db/password }
    roll:
      - { id: app, kind: command, argv: [systemctl, restart, app], limit: 5m }
      - { id: health, kind: http-health, url: "https://app.example.com/health" }
      - { id: web, kind: ecs-service, cluster: shop, service: web, limit: 30m, poll: 15s }
    drain: { quiet: 5s, limit: 15m, poll: 1s }
    prove_limit: 60s
    call_limit: 30s
    max_age: 30d
`
const LIMIT_MS = 30 * 60_000
const FILE = '/etc/cuedot/cuedot.yaml'
const LINES = WHOLE.trimEnd().split('\n')

const piece = oneof(
  constantFrom('&a', '*a', '!!js/function', '!!binary x', '<<: *a', '__proto__: { polluted: 1 }'),
  constantFrom(
    '{',
    '}',
    '[',
    '"',
    "'",
    ': ',
    '- ',
    '# ',
    '|',
    '>',
    '\t',
    '\u0000',
    '%YAML 9',
    '---',
  ),
  constantFrom('null', '~', '1e999', '0x10', '-1', 'yes', '2026-01-01', '5m', '99999999999d'),
  string({ unit: 'binary', maxLength: 8 }),
)
const change = tuple(
  constantFrom('lose', 'double', 'swap', 'indent', 'insert', 'value', 'cut', 'append'),
  integer({ min: 0, max: 1000 }),
  integer({ min: 0, max: 1000 }),
  piece,
)
type Change = [string, number, number, string]

/** Tried whatever the seed: one that is read and one that is refused. */
const UNCHANGED: Change[] = []
const NO_STRATEGY: Change[] = [['value', LINES.indexOf('    strategy: alternating'), 0, 'none']]

function apply(lines: readonly string[], [how, a, b, text]: Change): readonly string[] {
  const at = a % Math.max(1, lines.length)
  const line = lines[at] ?? ''
  const column = b % (line.length + 1)
  const replaced: Readonly<Record<string, readonly string[]>> = {
    lose: [],
    double: [line, line],
    swap: [lines[b % Math.max(1, lines.length)] ?? ''],
    indent: [`${' '.repeat(b % 5)}${line}`],
    insert: [line.slice(0, column) + text + line.slice(column)],
    value: [line.replace(/: .*/, `: ${text}`)],
    cut: [line.slice(0, column)],
    append: [line, text],
  }
  return lines.toSpliced(at, 1, ...(replaced[how] ?? [line]))
}

describe('a configuration that is damaged', () => {
  const runs = cases('configurations', { short: 100, share: 0.03 })

  test('is read as it is', () => {
    expect(parseConfig(WHOLE, FILE)).toMatchObject({ file: FILE })
  })

  test(
    `is read or refused, with a place (seed ${SEED})`,
    () => {
      const outcomes = { read: 0, refused: 0 }
      const holds = property(array(change, { maxLength: 4 }), (changes) => {
        const text = changes.reduce<readonly string[]>(apply, LINES).join('\n')
        try {
          parseConfig(text, FILE)
          outcomes.read += 1
        } catch (error) {
          if (!isRotatorError(error)) throw error
          expect(error.code).toBe('ERR_CONFIG')
          expect(error.message).toContain(FILE)
          outcomes.refused += 1
        }
        expect(Reflect.get({}, 'polluted')).toBeUndefined()
      })
      assert(holds, { numRuns: runs, seed: SEED, examples: [[UNCHANGED], [NO_STRATEGY]] })
      expect(outcomes.read).toBeGreaterThan(0)
      expect(outcomes.refused).toBeGreaterThan(0)
    },
    LIMIT_MS,
  )
})
