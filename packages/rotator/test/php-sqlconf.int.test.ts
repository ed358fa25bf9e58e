import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { array, constantFrom, integer, oneof, record, sample, string } from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { isRotatorError } from '../src/errors.ts'
import { phpSqlconfTarget } from '../src/adapters/files/php-sqlconf/target.ts'
import type { Call } from '../src/ports/call.ts'
import type { PublishedCredential } from '../src/ports/config-target.ts'
import { cases, SEED } from './fuzz.ts'
import { phpVersion, readWithPhp } from './php-reader.ts'
import type { PhpReading } from './php-reader.ts'
import { SQLCONF_LAYOUTS } from './sqlconf-layouts.ts'
import type { SqlconfLayout } from './sqlconf-layouts.ts'

const PHP = phpVersion()
if (PHP === undefined)
  console.log('skipped: no php on the path; install php-cli to run these tests')

const CREDENTIALS = cases('credentials in sqlconf.php', { short: 100, share: 0.01 })
const LITERALS = cases('literals of PHP', { short: 1500, share: 0.06 })
const FILES = cases('files of PHP', { short: 1500, share: 0.06 })

const REGRESSIONS = [
  'a\\1b',
  '\\g<1>',
  "a'b",
  'a"b',
  '$x',
  'ends with a backslash\\',
  '\u{1f600}\u{20bb7}',
  "a'; system('id'); //",
  '{$x}${y}?>',
  '\\\\\\',
  "\\'",
]

const INITIAL = { host: 'db', port: 3306, login: 'openemr', pass: 'first', dbase: 'openemr' }

/** Everything that means something in PHP's strings, and everything else. */
const character = oneof(
  { weight: 3, arbitrary: constantFrom(...`'"\\\${}nrtvefxXu0147[]->?<;/*#%&\n\r\t `) },
  { weight: 1, arbitrary: string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
)
const text: Arbitrary<string> = string({ unit: character, maxLength: 24 }).map((value) =>
  value.replaceAll('\0', '0'),
)
const credentials = record({
  host: text,
  port: integer({ min: 1, max: 65535 }),
  username: text,
  password: text.map((value) => new Sensitive(value, 'password')),
  // An empty name would mean that the file's own stays.
  dbname: text.map((value) => `d${value}`),
})

function call(): Call {
  return { signal: AbortSignal.timeout(60_000) }
}

function bytesOf(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1')
}

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cuedot-php-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

describe.skipIf(PHP === undefined)(`sqlconf.php as PHP ${PHP} reads it`, () => {
  test.for(SQLCONF_LAYOUTS)('R10 gives PHP what was written into $name', async (layout) => {
    const generated = sample(credentials, { seed: SEED, numRuns: CREDENTIALS })
    const regressions = REGRESSIONS.map((password) => ({
      ...INITIAL,
      username: password,
      dbname: password,
      password: new Sensitive(password, 'password'),
    }))
    await expectPhpReads(layout, [...regressions, ...generated])
  })

  test(`finds in literals what PHP finds in them (seed ${SEED})`, async () => {
    const literals = sample(oneof(quoted("'"), quoted('"')), { seed: SEED, numRuns: LITERALS })
    const files = await Promise.all(
      literals.map((literal, index) => phpFile(`literal-${index}`, `$pass = ${literal};\n`)),
    )
    const readings = await readWithPhp(dir, files)
    let accepted = 0
    for (const [index, file] of files.entries()) {
      const ours = await phpSqlconfTarget({ id: 'php', path: file }).read(call()).catch(onlyRefusal)
      const theirs = readings[index]
      if (!ours) continue
      accepted += 1
      expect([literals[index], theirs?.error, theirs?.variables['pass']]).toEqual([
        literals[index],
        undefined,
        bytesOf(ours.password.reveal()),
      ])
    }
    expect(accepted).toBeGreaterThan(LITERALS / 4)
  })

  test(`finds in files what PHP finds in them (seed ${SEED})`, async () => {
    const bodies = sample(array(constantFrom(...PIECES), { minLength: 1, maxLength: 7 }), {
      seed: SEED,
      numRuns: FILES,
    })
    const files = await Promise.all(
      bodies.map((pieces, index) => phpFile(`pieces-${index}`, pieces.join(''))),
    )
    const readings = await readWithPhp(dir, files)
    let accepted = 0
    for (const [index, file] of files.entries()) {
      const ours = await phpSqlconfTarget({ id: 'php', path: file }).read(call()).catch(onlyRefusal)
      const theirs = readings[index]
      if (!ours || theirs?.error !== undefined) continue
      accepted += 1
      const pass = theirs?.variables['pass'] ?? theirs?.elements['pass']
      expect([bodies[index], pass]).toEqual([bodies[index], bytesOf(ours.password.reveal())])
    }
    expect(accepted).toBeGreaterThan(FILES / 20)
  })
})

/** Pieces of PHP in which a careless reader loses its place. */
const PIECES: readonly string[] = [
  "$pass = 'one';\n",
  '$pass\t="t\\x77o" ;',
  "$sqlconf = ['pass' => 'three', 'x' => [1, 2]];\n",
  "$sqlconf['pass'] = 'four';",
  "$sqlconf['pass'] = $pass;\r\n",
  "// $pass = 'no'; ?> $pass = 'no'; <?php\n",
  "# it's ?>\n<?php ",
  "/* ' */ ",
  '/** " ?> */',
  "// '\r",
  '#[A] ',
  "$a = '?>';",
  '$b = "// {$x["pass"]} \\" $y[0] \\${z}";\n',
  "$c = <<<X\n  $pass = 'no'; ?>\n  X . 'x';\n",
  "$d = <<<'Y'\n\\'\nY;\n",
  "$e = '\\\\';",
  "$f = '\\'';",
  '?>text \' " <b><?php ',
  "?>\n<?= 'x' ?>\n<?php\n",
  "if (false) { $pass = 'no'; }",
  "if (true): $pass = 'no'; endif;",
  "$g = function () { $pass = 'no'; return 1; };",
  "$h = fn() => $pass = 'no';",
  "$i = new class { public $pass = 'no'; };",
  "$j = true && $pass = 'no';",
  "[$pass] = ['no'];",
  "foreach (['no'] as $pass) {}",
  "$k = 'pass'; $$k = 'no';",
  'return;',
  "extract(['pass' => 'no']);",
  "$l = &$pass; $l = 'no';",
  'unset($pass);',
  "__halt_compiler(); '",
  '{ $m = 1; }',
  '$n = b"x";',
]

async function expectPhpReads(layout: SqlconfLayout, written: readonly Credential[]) {
  const files = written.map((_, index) =>
    join(dir, `${SQLCONF_LAYOUTS.indexOf(layout)}-${index}.php`),
  )
  const parsed: PublishedCredential[] = []
  for (const [index, credential] of written.entries()) {
    const path = files[index] ?? ''
    await writeFile(path, layout.render(INITIAL))
    const target = phpSqlconfTarget({ id: 'php', path })
    await target.write(credential, call())
    parsed.push(await target.read(call()))
  }
  const readings = await readWithPhp(dir, files)
  expect(readings).toHaveLength(written.length)
  for (const [index, credential] of written.entries()) {
    const { host, port, username, dbname, password } = credential
    const source = await readFile(files[index] ?? '', 'utf8')
    expect(parsed[index], source).toMatchObject({ host, port, username, dbname })
    expect(parsed[index]?.password.reveal(), source).toBe(password.reveal())
    const expected = {
      host,
      port: String(port),
      login: username,
      pass: password.reveal(),
      dbase: dbname,
    }
    expectReading(readings[index], expected, source)
  }
}

/** Both forms, where the file has both; and at least one of each value. */
function expectReading(
  reading: PhpReading | undefined,
  expected: Readonly<Record<string, string>>,
  source: string,
) {
  expect(reading?.error, source).toBeUndefined()
  for (const [key, value] of Object.entries(expected)) {
    const found = [reading?.variables[key], reading?.elements[key]].filter(
      (each) => typeof each === 'string',
    )
    expect(new Set(found), `${key} in ${source}`).toEqual(new Set([bytesOf(value)]))
  }
}

/** A literal that may or may not be one to PHP: its body is anything but the quote alone. */
function quoted(quote: string): Arbitrary<string> {
  const piece = oneof(
    constantFrom(
      ...'\\\\\\$ {}nrtvefxXu0147[]ab{',
      '\\x4',
      '\\u{e9}',
      '\\u{1F600}',
      '\\777',
      '\\101',
    ),
    character,
  )
  return string({ unit: piece, maxLength: 12 }).map(
    (body) => `${quote}${body.replaceAll('\0', '0').replaceAll(quote, `\\${quote}`)}${quote}`,
  )
}

function phpFile(name: string, code: string): Promise<string> {
  const path = join(dir, `${name}.php`)
  const others = "<?php\n$host = 'h'; $port = '1'; $login = 'l'; $dbase = 'd';\n"
  return writeFile(path, others + code).then(() => path)
}

function onlyRefusal(error: unknown): undefined {
  if (!isRotatorError(error)) throw error
  expect(error.code).toMatch(/^ERR_TARGET_(?:NOT_LITERAL|UNPARSABLE|INCOMPLETE|AMBIGUOUS)$/)
}
