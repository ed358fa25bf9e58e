import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { isRotatorError } from '../../../errors.ts'
import { locateSqlconf } from './locate.ts'

const HEAD = `<?php\n$host = 'h';\n$port = '3306';\n$login = 'u';\n$dbase = 'd';\n`

function passwords(source: string): readonly string[] {
  return locateSqlconf(source, 'sqlconf.php')
    .filter(({ field }) => field === 'password')
    .map(({ value }) => value)
}

function refusal(source: string): unknown {
  try {
    locateSqlconf(source, 'sqlconf.php')
  } catch (error) {
    expect(inspect(error, { depth: 9 })).not.toContain('s3cret')
    return isRotatorError(error) ? { code: error.code, ...error.details, path: undefined } : error
  }
  return 'accepted'
}

describe('values that are accepted', () => {
  test.for([
    ['a variable', `$pass = 's3cret';`],
    ['a variable in double quotes', `$pass\t="s3\\x63ret" ;`],
    ['an element', `$sqlconf['pass'] = 's3cret';`],
    [
      'an element that a variable follows',
      `$sqlconf["pass"] = 's3cret'; $pass = $sqlconf['pass'];`,
    ],
    ['an array literal', `$sqlconf = array('x' => 1, "pass" => 's3cret');`],
    ['an array literal that names its variable', `$pass = 's3cret'; $sqlconf = ['pass' => $pass];`],
    ['a literal in parentheses', `$pass = ('s3cret');`],
    ['a literal beside an include that stands before it', `$sqlconf = []; $pass = 's3cret';`],
    [
      'a literal beside a function of its own scope',
      `function f($pass) { $pass = 1; } $pass = 's3cret';`,
    ],
    ['a literal in a namespace', `{ $pass = 's3cret'; }`],
    [
      'a literal that is read elsewhere',
      `$pass = 's3cret'; if ($pass) { $x = [$pass => trim($pass)]; }`,
    ],
    ['an unrelated element that is computed', `$pass = 's3cret'; $sqlconf['db_encoding'] = f();`],
    [
      'a condition on something else',
      `$pass = 's3cret'; if (getenv('X')) { $sqlconf['x'] = 1; $y = 2; }`,
    ],
  ] as const)('%s', ([, code]) => {
    expect(passwords(HEAD + code)).toEqual(['s3cret'])
  })

  test('a literal behind the usual guard', () => {
    const guard = `if (!defined('X')) { exit('no'); } $f = function () { return 1; };`
    expect(passwords(`${HEAD}${guard} $pass = 's3cret'; return;`)).toEqual(['s3cret'])
  })

  test('both forms of a value, where both hold literals', () => {
    expect(passwords(`${HEAD}$pass = 'a'; $sqlconf['pass'] = "b";`)).toEqual(['a', 'b'])
  })
})

describe('values that are computed', () => {
  test.for([
    ['a function', `getenv('PASS')`],
    ['a concatenation', `'s3cret' . 'x'`],
    ['a constant', `PASS`],
    ['a variable in the string', `"s3cret$x"`],
    ['an expression in the string', `"s3cret{$x}"`],
    ['a heredoc', `<<<X\ns3cret\nX`],
    ['a nowdoc', `<<<'X'\ns3cret\nX`],
    ['a number', `12345`],
    ['null', `null`],
    ['a binary literal', `b's3cret'`],
    ['a conditional', `$x ? 's3cret' : ''`],
    ['another variable', `$host`],
    ['an assignment to something else', `$other = 's3cret'`],
  ] as const)('%s is refused with the name and the line', ([, value]) => {
    const refused = { code: 'ERR_TARGET_NOT_LITERAL', line: 6, what: '$pass' }
    expect(refusal(`${HEAD}$pass = ${value};`)).toEqual(refused)
  })

  test('an element is called by its name', () => {
    expect(refusal(`${HEAD}$pass = 's3cret';\n$sqlconf['pass'] = f();`)).toEqual({
      code: 'ERR_TARGET_NOT_LITERAL',
      line: 7,
      what: '$sqlconf["pass"]',
    })
  })

  test('an array that is computed is refused', () => {
    const refused = {
      code: 'ERR_TARGET_NOT_LITERAL',
      line: 6,
      what: '$sqlconf is not an array literal',
    }
    expect(refusal(`${HEAD}$sqlconf = f('s3cret');`)).toEqual(refused)
  })

  test('an element that follows a variable which comes later is refused', () => {
    const refused = { code: 'ERR_TARGET_NOT_LITERAL', line: 6, what: '$sqlconf["pass"]' }
    expect(refusal(`${HEAD}$sqlconf['pass'] = $pass; $pass = 's3cret';`)).toEqual(refused)
  })
})

describe('values that are given in more ways than one', () => {
  test.for([
    ['twice', `$pass = 's3cret';`],
    ['in a condition', `if ($x) { $pass = 's3cret'; }`],
    ['in a loop', `foreach ($list as $pass) {}`],
    ['in a switch', `switch ($x) { case 1: $pass = 's3cret'; }`],
    ['in a try', `try { $pass = 's3cret'; } catch (E $e) {}`],
    ['by appending', `$pass .= 's3cret';`],
    ['unless it is set', `$pass ??= 's3cret';`],
    ['in a list', `[$a, $pass] = $x;`],
    ['in an old list', `list($a, list($pass)) = $x;`],
    ['by a reference to it', `$alias = &$pass;`],
    ['as a reference', `$pass = &$alias;`],
    ['inside another assignment', `$other = $pass = 's3cret';`],
    ['inside its neighbour', `$unused = f($login = 's3cret');`],
    ['by counting', `$pass++;`],
    ['by taking it away', `unset($pass);`],
    ['by a computed name', `$$name = 's3cret';`],
    ['through the globals', `$GLOBALS['pass'] = 's3cret';`],
    ['through computed globals', `$GLOBALS[$name] = 's3cret';`],
    ['in a function that reaches it', `function f() { global $pass; $pass = 's3cret'; }`],
    ['in a method through the globals', `class C { function f() { $GLOBALS['pass'] = 1; } }`],
    ['in a closure that captures it by reference', `$f = function () use (&$pass) {};`],
    ['by a computed key', `$sqlconf[$x] = 's3cret';`],
    ['by a part of it', `$pass['x'] = 's3cret';`],
    ['by the array as a whole', `$sqlconf['pass'] = 's3cret'; $sqlconf = [];`],
    ['by two arrays', `$sqlconf = []; $sqlconf = ['pass' => 's3cret'];`],
    ['by two keys of the array', `$sqlconf = ['pass' => 's3cret', "pass" => 's3cret'];`],
    ['by an array with a computed key', `$sqlconf = [KEY => 's3cret'];`],
    ['by an array with others in it', `$sqlconf = [...$others];`],
    ['by an array with a reference in it', `$sqlconf = ['pass' => &$x];`],
    ['by adding to the array', `$sqlconf += ['pass' => 's3cret'];`],
    ['by a file that is included', `include 'other.php';`],
    ['by a file that is included in a condition', `if ($x) require_once $y;`],
    ['by evaluated code', `eval($x);`],
    ['by extract', `\\extract($x);`],
  ] as const)('%s is refused with the line', ([, code]) => {
    const refused = { code: 'ERR_TARGET_AMBIGUOUS', line: 7, what: expect.any(String) }
    expect(refusal(`${HEAD}$pass = 's3cret';\n${code}`)).toEqual(refused)
  })
})

test.for(['return;', 'exit;', 'die();', 'if ($x) { return; }', 'if ($x) { goto end; }'])(
  'a value that may never be reached because of %s is refused',
  (code) => {
    const refused = {
      code: 'ERR_TARGET_AMBIGUOUS',
      line: 7,
      what: 'code before it may leave the file',
    }
    expect(refusal(`${HEAD}${code}\n$pass = 's3cret'; end:`)).toEqual(refused)
  },
)

describe('files that cannot be used', () => {
  test.for([
    ['a syntax error', `<?php\n$pass = = 's3cret';\n`, 2],
    ['a string without an end', `<?php\n\n$pass = "s3cret`, 3],
    ['a last statement without an end', `${HEAD}\n$pass = 's3cret' // ;\n`, 7],
    ['text', `pass = s3cret\n`, 1],
    ['nothing', ``, 1],
    ['a code point that is none', `${HEAD}$pass = "\\u{110000}";`, 1],
  ] as const)('%s is refused as PHP', ([, source, line]) => {
    expect(refusal(source)).toMatchObject({
      code: expect.stringMatching(/^ERR_TARGET_(?:UNPARSABLE|NOT_LITERAL)$/),
      line,
    })
  })

  test('a value that is not UTF-8 is refused', () => {
    const refused = { code: 'ERR_TARGET_UNPARSABLE', line: 6, problem: '$pass is not UTF-8' }
    expect(refusal(`${HEAD}$pass = 's3cret\xe9';`)).toEqual(refused)
    expect(refusal(`${HEAD}$pass = "s3cret\\xe9";`)).toEqual(refused)
  })

  test.for(['host', 'port', 'login', 'dbase'])('a file without $%s is refused', (key) => {
    const lines = `${HEAD}$pass = 's3cret';`
      .split('\n')
      .filter((line) => !line.startsWith(`$${key}`))
    expect(refusal(lines.join('\n'))).toEqual({ code: 'ERR_TARGET_INCOMPLETE', what: `$${key}` })
  })

  test('forms that follow each other and hold nothing are refused', () => {
    const refused = { code: 'ERR_TARGET_NOT_LITERAL', line: 6, what: '$pass' }
    expect(refusal(`${HEAD}$pass = $sqlconf['pass']; $sqlconf['pass'] = $pass;`)).toEqual(refused)
  })
})
