/** The five values of a sqlconf.php as they stand between quotes: letters, digits, `.-_`. */
export interface SqlconfValues {
  readonly host: string
  readonly port: number
  readonly login: string
  readonly pass: string
  readonly dbase: string
}

/** One way in which a sqlconf.php is laid out in the field. */
export interface SqlconfLayout {
  readonly name: string
  render(values: SqlconfValues): Buffer
}

const REFERENCES = `$sqlconf["host"]= $host;
$sqlconf["port"] = $port;
$sqlconf["login"] = $login;
$sqlconf["pass"] = $pass;
$sqlconf["dbase"] = $dbase;
`

const CLOSING = `//////////////////////////
//////DO NOT TOUCH THIS///
$config = 1; /////////////
//////////////////////////
`

function layout(name: string, text: (values: SqlconfValues) => string): SqlconfLayout {
  return { name, render: (values) => Buffer.from(text(values), 'utf8') }
}

function assignments(values: SqlconfValues, gap: string, quote = "'"): string {
  const entries = ['host', 'port', 'login', 'pass', 'dbase'] as const
  return entries.map((key) => `$${key}${gap}= ${quote}${values[key]}${quote};\n`).join('')
}

const installer = (values: SqlconfValues): string => `<?php
//  OpenEMR
//  MySQL Config

global $disable_utf8_flag;
$disable_utf8_flag = false;

${assignments(values, '\t')}$db_encoding\t= 'utf8mb4';

$sqlconf = array();
global $sqlconf;
${REFERENCES}$sqlconf["db_encoding"] = $db_encoding;
${CLOSING}?>
`

/**
 * The layouts that OpenEMR's own versions and deployments write, and bytes that careless editors of
 * such files lose. Source: sites/default/sqlconf.php and the installer of OpenEMR 2.x to 8.x.
 */
export const SQLCONF_LAYOUTS: readonly SqlconfLayout[] = [
  layout('2.x with a short open tag', (values) => `<?\n${assignments(values, ' ')}${CLOSING}?>`),
  layout(
    '4.x and 5.0.0',
    (values) => `<?php
//  OpenEMR
//  MySQL Config
//  Referenced from /library/sqlconf.php.

${assignments(values, '\t')}
//Added ability to disable
global $disable_utf8_flag;
$disable_utf8_flag = false;

$sqlconf = array();
${REFERENCES}${CLOSING}?>`,
  ),
  layout('the installer of 5.0.x to 7.0.x', installer),
  layout(
    '8.x with spaces and no closing tag',
    (values) => `<?php

//  OpenEMR
//  MySQL Config

global $sqlconf;
${assignments(values, '   ')}
$sqlconf = [];
${REFERENCES}
${CLOSING}`,
  ),
  layout(
    'the installer of 8.2, without an encoding',
    (values) => `<?php
//  OpenEMR
//  MySQL Config

global $sqlconf;

${assignments(values, '\t')}
$sqlconf = array();
${REFERENCES}
${CLOSING}?>
`,
  ),
  layout(
    'the heredoc of a deployment script, with what it was before in comments',
    (values) => `<?php
//  OpenEMR
//  MySQL Config
//  Written by deploy.sh

//$host = 'localhost';
//$dbase = 'old';
${assignments(values, ' ')}
$sqlconf = array();
global $sqlconf;
${REFERENCES}
//////DO NOT TOUCH THIS///
$config = 1; /////////////
`,
  ),
  layout(
    'an array alone, with an integer port',
    ({ host, port, login, pass, dbase }) =>
      `<?php\n$sqlconf = ['host' => '${host}', 'port' => ${port}, 'login' => '${login}', ` +
      `"pass" => "${pass}", 'dbase' => '${dbase}', 'db_encoding' => 'utf8mb4'];\n`,
  ),
  layout(
    'literals in both forms',
    (values) =>
      `<?php\n${assignments(values, ' ', '"')}` +
      `$sqlconf = array(\n  'login' => '${values.login}',\n);\n` +
      `$sqlconf['pass'] = '${values.pass}'; # again\n$sqlconf["host"]=\n  "${values.host}"\n  ;\n` +
      `$sqlconf['port'] = ${values.port};\n$sqlconf['dbase'] = $dbase;\n$config = 1;\n`,
  ),
  layout(
    'decoys in comments, heredocs and functions',
    (values) => `<?php
//$pass = 'old-one';
# $pass = "old-two";
/* $pass = 'old-three'; */
$help = <<<TEXT
$pass = 'old-four';
TEXT;
$note = '$pass = "old-five";';
$unrelated = function ($pass) { $pass = 'old-six'; return $pass; };
${assignments(values, "/* '\u{1f511}' */ ")}${CLOSING}?>
$pass = 'old-seven';
`,
  ),
  {
    name: 'carriage returns, a byte order mark and emoji',
    render: (values) =>
      Buffer.from(
        `\ufeff${installer(values).replace('OpenEMR', '\u{1f600} \u{20bb7} é')}`.replaceAll(
          '\n',
          '\r\n',
        ),
      ),
  },
  {
    name: 'Latin-1 comments that are not UTF-8',
    render: (values) =>
      Buffer.from(installer(values).replace('OpenEMR', 'H\xf4pital g\xe9n\xe9ral \xa0'), 'latin1'),
  },
]
