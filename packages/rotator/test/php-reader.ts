import { execFile, execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What PHP finds in a sqlconf.php: one character per byte; null where nothing is set. */
export interface PhpReading {
  /** The message of PHP's Error, where the file has a syntax error or fails. */
  readonly error?: string
  readonly variables: Readonly<Record<string, string | null>>
  readonly elements: Readonly<Record<string, string | null>>
  /** PHP's `gettype` of `$port` or `$sqlconf["port"]`. */
  readonly portType: string
}

/** Includes each file in a function and prints what it set; in base64, as JSON has no bytes. */
const READER = String.raw`<?php
function read($file) {
  try { include $file; } catch (Error $e) {
    return ['error' => $e->getMessage(), 'variables' => [], 'elements' => [], 'portType' => ''];
  }
  $keys = ['host', 'port', 'login', 'pass', 'dbase'];
  $pack = fn($value) => is_null($value) ? null : base64_encode((string) $value);
  $result = ['variables' => [], 'elements' => []];
  foreach ($keys as $key) {
    $result['variables'][$key] = $pack($$key ?? null);
    $result['elements'][$key] = $pack($sqlconf[$key] ?? null);
  }
  $result['portType'] = gettype($port ?? $sqlconf['port'] ?? null);
  return $result;
}
$results = [];
foreach (json_decode(file_get_contents($argv[1])) as $file) {
  ob_start();
  $result = read($file);
  ob_end_clean();
  $results[] = $result;
}
echo json_encode($results);
`

/** The version of the PHP on the path; undefined when there is none. */
export function phpVersion(): string | undefined {
  try {
    return execFileSync('php', ['-n', '-r', 'echo PHP_VERSION;'], { encoding: 'utf8' })
  } catch {
    return undefined
  }
}

/**
 * Lets one PHP process include all files and tell what they set.
 * @param dir - a folder for the reader's own two files
 */
export async function readWithPhp(
  dir: string,
  files: readonly string[],
): Promise<readonly PhpReading[]> {
  const script = join(dir, 'reader.php')
  const list = join(dir, 'files.json')
  await writeFile(script, READER)
  await writeFile(list, JSON.stringify(files))
  const output = await runPhp(['-n', '-d', 'short_open_tag=1', script, list])
  const readings: readonly PhpReading[] = JSON.parse(output)
  return readings.map((reading) => ({
    ...reading,
    variables: unpack(reading.variables),
    elements: unpack(reading.elements),
  }))
}

function runPhp(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('php', args, { maxBuffer: 2 ** 28 }, (error, stdout) => {
      if (error) reject(new Error(`php failed: ${stdout}`, { cause: error }))
      else resolve(stdout)
    })
  })
}

function unpack(values: PhpReading['variables']): PhpReading['variables'] {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      value === null ? null : Buffer.from(value, 'base64').toString('latin1'),
    ]),
  )
}
